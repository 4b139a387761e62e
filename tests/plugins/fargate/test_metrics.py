"""What the executor says through Airflow's stats, which StatsD and OpenTelemetry are fed from."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fargate import fargate
from tests.plugins.fargate.cloud import ARN, Cloud, error, eventually
from tests.plugins.fargate.test_executor import NEVER_STARTED, SPOT, exited, give, launch, raising, reported, stop
from tests.plugins.fargate.workloads import orphan, workload


class Recorder:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.timings: dict[str, timedelta] = {}
        self.gauges: dict[str, float] = {}

    def incr(self, name: str) -> None:
        self.counts[name] += 1

    def timing(self, name: str, took: timedelta) -> None:
        self.timings[name] = took

    def gauge(self, name: str, value: float) -> None:
        self.gauges[name] = value


@pytest.fixture
def stats(executor: Any, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    for module in ("fleet", "launcher", "watcher"):
        monkeypatch.setattr(f"fargate.{module}.stats", recorder)
    return recorder


def test_a_launch_counts_and_says_how_long_it_took(executor: Any, cloud: Cloud, stats: Recorder) -> None:
    launch(executor, workload(config=fargate(cpu=1, memory=2)))
    created = datetime.now(UTC)
    cloud.ecs.tasks[f"{ARN}{0:032}"] |= {
        "lastStatus": "RUNNING",
        "createdAt": created,
        "startedAt": created + timedelta(seconds=42),
    }
    eventually(lambda: executor.sync() or stats.gauges)
    assert stats.counts == {"fargate.launched": 1}
    assert timedelta(0) < stats.timings["fargate.queued"] < timedelta(seconds=5)
    assert stats.timings["fargate.start"] == timedelta(seconds=42)
    assert stats.gauges == {"fargate.running.1024.2048": 1}
    stop(cloud, f"{ARN}{0:032}", **exited(0))
    eventually(lambda: executor.sync() or stats.gauges == {"fargate.running.1024.2048": 0})


@pytest.mark.parametrize(
    ("exception", "name"),
    [
        (error("ThrottlingException", "Rate exceeded"), "fargate.throttled"),
        (error("ClientException", "You've reached the limit on the number of tasks"), "fargate.at_limit"),
        (error("ServerException", "", ResponseMetadata={"HTTPStatusCode": 500}), "fargate.no_answer"),
        (error("ExpiredTokenException"), "fargate.no_access"),
    ],
)
def test_what_is_tried_again_counts(executor: Any, stats: Recorder, exception: Exception, name: str) -> None:
    executor.aws.ecs.faults += [raising(exception)] * 2
    launch(executor, workload())
    assert stats.counts == {name: 2, "fargate.launched": 1}


def no_capacity(executor: Any, cloud: Cloud) -> None:
    cloud.ecs.faults.append(lambda _: {"tasks": [], "failures": [{"reason": "Capacity is unavailable at this time"}]})
    give(executor, workload(config=SPOT))
    eventually(lambda: executor.sync() or cloud.ecs.tasks)


def never_started(executor: Any, cloud: Cloud) -> None:
    launch(executor, workload())
    stop(cloud, f"{ARN}{0:032}", **NEVER_STARTED)
    eventually(lambda: executor.sync() or not executor.fleet.arns())


def interruption(executor: Any, cloud: Cloud) -> None:
    launch(executor, workload(config=SPOT))
    how = exited(143) | {"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."}
    stop(cloud, f"{ARN}{0:032}", **how)
    reported(executor)


def adoption(executor: Any, cloud: Cloud) -> None:
    executor.try_adopt_task_instances([orphan(f"{ARN}{0:032}", {})])


@pytest.mark.parametrize(
    ("happening", "names"),
    [
        (no_capacity, {"fargate.spot_fallback", "fargate.retried"}),
        (never_started, {"fargate.retried"}),
        (interruption, {"fargate.interrupted"}),
        (adoption, {"fargate.adopted"}),
    ],
)
def test_what_happens_to_tasks_counts(
    executor: Any, cloud: Cloud, stats: Recorder, happening: Callable[[Any, Cloud], None], names: set[str]
) -> None:
    happening(executor, cloud)
    assert {name for name in stats.counts if name != "fargate.launched"} == names
