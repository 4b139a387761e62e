"""A deployment that cannot use ECS: the scheduler stays up, local tasks run, and the log says what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.form import FULL

BROKEN = {
    "no network": ({"AWS_ENDPOINT_URL_ECS": "http://127.0.0.1:9"}, "RunTask gave no answer"),
    "unknown cluster": ({"AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER": "nowhere"}, "ECS and S3 cannot be used"),
}


@pytest.fixture(params=[BROKEN[name] for name in (BROKEN if FULL else ["unknown cluster"])])
def broken(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[StackUnderTest, str]]:
    settings, said = request.param
    made = StackUnderTest(Path(tmp_path_factory.mktemp("broken")))
    made.settings(**settings)
    made.make()
    yield made, said
    made.local("reset")
    assert made.what_is_left() == []


def test_local_tasks_run_and_the_log_says_what_to_do_once_a_minute(broken: tuple[StackUnderTest, str]) -> None:
    stack, said = broken
    scheduler = stack.pid("scheduler")
    stack.start("every_minute", "waits")
    log = stack.layout.log / "scheduler.log"
    eventually(lambda: said in log.read_text(), within=60)

    run = stack.start("housekeeping", "local")
    stack.finish(run)
    ended = {task.task_id: str(task.state.value) for task in run.tasks if task.state}
    assert ended["delete_expired_payloads"] == "success"
    assert stack.pid("scheduler") == scheduler
    assert 1 <= log.read_text().count(said) <= 3, "once a minute"
    [waiting] = [run for run in [stack.start("every_minute", "waits")] if not run.created]
    waiting.refresh()
    assert {str(task.state.value) for task in waiting.tasks if task.state} == {"queued"}
    assert {task.try_number for task in waiting.tasks} == {1}
