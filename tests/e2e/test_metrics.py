"""The executor's metrics, as a StatsD server gets them."""

from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.statsd import StatsD


def test_a_run_is_measured(stack: StackUnderTest, metrics: StatsD, run_id: str) -> None:
    launched = len(stack.tasks_of(run_id))
    assert launched == 6
    of_one = [(value, kind) for value, kind in metrics.taken["airflow.fargate.launched"] if value]
    assert len(of_one) >= launched
    assert {kind for _, kind in of_one} == {"c"}
    for name in ("airflow.fargate.queued", "airflow.fargate.start"):
        times = metrics.taken[name]
        assert len(times) >= launched
        assert {kind for _, kind in times} == {"ms"}
        assert all(0 < value < 60_000 for value, _ in times)
    running = {name for name in metrics.taken if name.startswith("airflow.fargate.running.")}
    assert {"airflow.fargate.running.256.1024", "airflow.fargate.running.512.2048"} <= running
    eventually(lambda: all(metrics.taken[name][-1] == (0, "g") for name in running), within=30)
