"""Where a log comes from: S3 after a normal end, CloudWatch before and where a container died; the reason on top."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.log import file_task_handler

from fargate import task_logs
from fargate.task_logs import TaskLogs, read_live, write_reason
from tests.plugins.fargate import cloudwatch
from tests.plugins.fargate.cloudwatch import ARN, GROUP, LOGS, STREAM, Leftovers, line
from tests.plugins.fargate.workloads import LAUNCH

KEY = TaskInstanceKey("flight_delays", "load_small", "day", try_number=2, map_index=3)
PATH = "dag_id=flight_delays/run_id=day/task_id=load_small/map_index=3/attempt=2.log"
IN_S3 = f"s3://{LOGS}/airflow/{PATH}"
IN_CLOUDWATCH = f"CloudWatch Logs: {GROUP} {STREAM}"
NOW = int(time.time() * 1000)


@pytest.fixture(scope="module")
def server() -> Iterator[Leftovers]:
    yield from cloudwatch.server()


@pytest.fixture
def aws(server: Leftovers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leftovers]:
    yield from cloudwatch.left_behind(server, monkeypatch)


@pytest.fixture
def logs(aws: Leftovers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskLogs:
    made = TaskLogs(remote_base=f"s3://{LOGS}/airflow", base_log_folder=tmp_path, delete_local_copy=False)
    monkeypatch.setattr("airflow.logging_config.get_remote_task_log", lambda: made)
    return made


def ti(state: str | None = "failed", external_executor_id: str | None = ARN, **fields: Any) -> Any:
    queued = datetime.now(UTC) - timedelta(minutes=1)
    fields = {"queued_dttm": queued, **fields}
    return SimpleNamespace(state=state, external_executor_id=external_executor_id, **fields)


def shown(read: tuple[list[str], list[str] | None]) -> list[str]:
    """Return the events in the order in which Airflow's own reader puts them."""
    stream = file_task_handler._get_compatible_log_stream(read[1] or [])
    return [entry.event for entry in file_task_handler._interleave_logs(stream)]


@pytest.mark.parametrize("state", ["success", "failed", "up_for_retry", "deferred"])
def test_after_a_normal_end_s3_is_the_source(aws: Leftovers, logs: TaskLogs, state: str) -> None:
    aws.upload(PATH, line("in S3", 1))
    aws.say(line("in CloudWatch", 1), at=NOW)
    read = logs.read(PATH, ti(state))
    assert (read[0], shown(read)) == ([IN_S3], ["in S3"])


@pytest.mark.parametrize("state", ["success", "failed", "up_for_retry", "up_for_reschedule"])
def test_without_a_log_in_s3_cloudwatch_is(aws: Leftovers, logs: TaskLogs, state: str) -> None:
    aws.say(line("one", 1), line("two", 2), at=NOW)
    read = logs.read(PATH, ti(state))
    assert (read[0], shown(read)) == ([IN_CLOUDWATCH], ["one", "two"])


def test_the_reason_is_on_top(aws: Leftovers, logs: TaskLogs) -> None:
    aws.say(line("one", 1), at=NOW)
    assert write_reason(KEY, "Out of memory.\nTry more.")
    read = logs.read(PATH, ti())
    assert (read[0], shown(read)) == ([IN_CLOUDWATCH], ["Out of memory.", "Try more.", "one"])
    first = json.loads((read[1] or [""])[0].splitlines()[0])
    assert (first["level"], first["logger"]) == ("error", "fargate")


def test_what_reached_s3_is_shown_once_and_what_came_later_too(aws: Leftovers, logs: TaskLogs) -> None:
    aws.upload(PATH, line("one", 1), line("two", 2))
    aws.say(line("one", 1.0002), line("two", 2.0002), line("three", 3), at=NOW)
    write_reason(KEY, "It died.")
    read = logs.read(PATH, ti())
    assert (read[0], shown(read)) == ([IN_S3, IN_CLOUDWATCH], ["It died.", "one", "two", "three"])


def test_a_reason_without_any_container(logs: TaskLogs) -> None:
    write_reason(KEY, "ECS refused to start the task.")
    read = logs.read(PATH, ti(external_executor_id=LAUNCH))
    assert (read[0], shown(read)) == ([], ["ECS refused to start the task."])


def test_a_later_reason_takes_the_place_of_the_first(logs: TaskLogs) -> None:
    write_reason(KEY, "first")
    write_reason(KEY, "second")
    assert shown(logs.read(PATH, ti(external_executor_id=None))) == ["second"]


def test_the_reason_of_a_run_that_was_deleted_is_not_that_of_the_next(aws: Leftovers, logs: TaskLogs) -> None:
    write_reason(KEY, "long ago")
    aws.upload(PATH, line("new", 1))
    queued_since = ti("success", queued_dttm=datetime.now(UTC) + timedelta(seconds=1))
    assert shown(logs.read(PATH, queued_since)) == ["new"]
    assert shown(logs.read(PATH, ti("success"))) == ["long ago", "new"]


@pytest.mark.parametrize("other", ["attempt=20.log", "attempt=1.log", "attempt=20.log.reason"])
def test_another_try_is_another_log(aws: Leftovers, logs: TaskLogs, other: str) -> None:
    aws.upload(f"{PATH.rpartition('/')[0]}/{other}", line("another", 1))
    assert logs.read(PATH, ti(external_executor_id=None)) == ([], None)


def test_the_log_of_a_trigger_stays_beside_that_of_the_task(aws: Leftovers, logs: TaskLogs) -> None:
    aws.upload(PATH, line("before", 1))
    aws.upload(f"{PATH}.trigger.7.log", line("meanwhile", 2))
    read = logs.read(PATH, ti("success"))
    assert (read[0], shown(read)) == ([IN_S3, f"{IN_S3}.trigger.7.log"], ["before", "meanwhile"])


@pytest.mark.parametrize("state", ["running", "queued", "scheduled", None])
def test_before_the_end_the_container_is_the_executors_to_read(aws: Leftovers, logs: TaskLogs, state: str) -> None:
    aws.say(line("of the executor, or of the try before", 1), at=NOW)
    assert logs.read(PATH, ti(state)) == ([], None)


@pytest.mark.parametrize("state", ["success", "failed", "queued"])
def test_a_task_of_another_executor_has_no_container(aws: Leftovers, logs: TaskLogs, state: str) -> None:
    assert logs.read(PATH, ti(state, external_executor_id=None)) == ([], None)
    assert logs.read(PATH, ti("failed", external_executor_id=LAUNCH)) == ([], None)
    assert logs.read(PATH, None) == ([], None)


def test_a_task_that_waits_says_so(logs: TaskLogs) -> None:
    waits = "The task waits for a container: ECS has not answered yet."
    assert logs.read(PATH, ti("queued", external_executor_id=LAUNCH)) == ([waits], None)
    assert read_live(ti("running", external_executor_id=LAUNCH)) == ([waits], [])
    assert read_live(ti("running", external_executor_id=None)) == ([waits], [])


def test_live_lines(aws: Leftovers) -> None:
    aws.say(line("one", 1), "not JSON", at=NOW)
    places, lines = read_live(ti("running"))
    assert places == [IN_CLOUDWATCH]
    assert shown((places, lines)) == ["one", "not JSON"]


def test_a_worker_uploads_what_is_read(logs: TaskLogs, tmp_path: Path) -> None:
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_text(line("from the worker", 1))
    logs.upload(PATH)
    read = logs.read(PATH, ti("success"))
    assert (read[0], shown(read)) == ([IN_S3], ["from the worker"])


def test_without_remote_logs_there_is_no_place_for_a_reason(aws: Leftovers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.logging_config.get_remote_task_log", lambda: None)
    assert write_reason(KEY, "It died.") is False


def test_a_reason_that_cannot_be_written_raises_nothing(logs: TaskLogs, aws: Leftovers) -> None:
    logs.remote_base = "s3://no-such-bucket/airflow"
    assert write_reason(KEY, "It died.") is False


def test_the_provider_alone_would_show_the_reason_too(aws: Leftovers, logs: TaskLogs) -> None:
    """A try whose log somebody reads with the stock class, such as a worker's."""
    aws.upload(PATH, line("one", 1))
    write_reason(KEY, "It died.")
    read = super(TaskLogs, logs).read(PATH, None)
    assert (read[0], shown(read)) == ([IN_S3, IN_S3 + task_logs.REASON], ["one", "It died."])
