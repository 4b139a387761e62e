"""The log of a task while it runs, and the truth about a container that died, in its log and the audit log."""

import json
import os
import signal
import time
from dataclasses import dataclass
from typing import Any

import pytest
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.event_log_api import EventLogApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi

from infra.local.names import LOGS
from scripts.dag_run import DagRun
from tests.e2e.stack_under_test import StackUnderTest, eventually

DAGS = """
import time
from datetime import timedelta

from airflow.sdk import dag, task

from fargate import fargate

SMALLEST = {"executor": "FargateExecutor", "executor_config": fargate(cpu=0.25, memory=0.5)}


@dag(schedule=None)
def talks():
    @task(**SMALLEST)
    def talk():
        for number in range(20):
            print(f"line {number} at {time.time():.3f}")
            time.sleep(1)

    talk()


@dag(schedule=None)
def takes_too_much():
    @task(**SMALLEST)
    def take():
        print("about to take a GiB")
        time.sleep(2)
        taken = [bytearray(b"x" * 2**20) for _ in range(1024)]
        time.sleep(600)
        print(len(taken))

    take()


@dag(schedule=None)
def waits():
    @task(retries=1, retry_delay=timedelta(seconds=1), **SMALLEST)
    def wait():
        print("waiting")
        time.sleep(600)

    wait()


talks()
takes_too_much()
waits()
"""
SOON_S = 10


@dataclass
class Look:
    """What REST said of a log while its task ran, and the age of the newest line then."""

    entries: list[dict[str, Any]]
    age_s: float


@pytest.fixture(scope="module")
def dags(stack: StackUnderTest) -> StackUnderTest:
    (stack.layout.dags / "logs_and_failures.py").write_text(DAGS)
    api = DAGApi(stack.airflow.client)
    eventually(lambda: "waits" in {dag.dag_id for dag in stack.airflow.all(api.get_dags, "dags")}, within=60)
    return stack


@pytest.fixture(scope="module")
def talked(dags: StackUnderTest) -> tuple[DagRun, list[Look]]:
    """A run that ended, and what its log was like before."""
    run, looks = dags.start("talks", "talks"), []
    while not looks or run.state == "running":
        said = [entry for entry in entries(run, 1) if entry["event"].startswith("line ")] if started(run) else []
        seen = time.time()
        run.refresh()
        if said and state(run) == "running":  # still, so that this was not the log of its end
            looks.append(Look(said, seen - float(said[-1]["event"].rpartition(" ")[2])))
        time.sleep(1)
        assert run.seconds < 120, "the task did not end, or had no log while it ran"
    return run, looks


def test_the_lines_of_a_running_task_are_there_within_seconds(talked: tuple[DagRun, list[Look]]) -> None:
    _, looks = talked
    assert len({len(look.entries) for look in looks}) >= 5, "the log did not grow while the task ran"
    assert max(look.age_s for look in looks) < SOON_S
    last = looks[-1].entries
    assert [int(entry["event"].split()[1]) for entry in last] == list(range(len(last)))
    assert {(entry["level"], entry["logger"]) for entry in last} == {("info", "task.stdout")}
    assert [entry["timestamp"] for entry in last] == sorted(entry["timestamp"] for entry in last)


def test_after_a_normal_end_the_log_is_that_in_s3_alone(dags: StackUnderTest, talked: tuple[DagRun, Any]) -> None:
    run, _ = talked
    assert run.state == "success"
    key = "airflow/dag_id=talks/run_id=talks/task_id=talk/attempt=1.log"
    eventually(lambda: keys(dags, run) == [key], within=20)
    assert sources(run, 1) == [f"s3://{LOGS}/{key}"]
    said = [entry["event"].split(" at ")[0] for entry in entries(run, 1) if entry["event"].startswith("line ")]
    assert said == [f"line {number}" for number in range(20)]


def test_a_task_out_of_memory_says_so_at_once(dags: StackUnderTest) -> None:
    run = dags.start("takes_too_much", "takes-too-much")
    assert dags.finish(run) == "failed"
    seen = time.time()
    [container] = dags.tasks_of(run.run_id)  # not launched again
    killed = next(entry["at"] for entry in container["history"] if entry["status"] == "DEACTIVATING")
    assert container["container_reason"].startswith("OutOfMemoryError")
    assert seen - killed < SOON_S
    reason, *rest = explained(run, 1)
    assert reason["event"] == (
        "Out of memory: the container used more than its 0.5 GiB of memory and was killed "
        "(exit code 137, SIGKILL). Try executor_config=fargate(cpu=0.25, memory=1)."
    )
    assert "about to take a GiB" in [entry["event"] for entry in rest]
    eventually(lambda: reason["event"] in extras(dags, run), within=SOON_S)


def test_each_try_that_was_killed_has_its_reason_and_its_lines(dags: StackUnderTest) -> None:
    run = dags.start("waits", "waits")
    for number in (1, 2):
        kill(dags, run, number)
    assert dags.finish(run) == "failed"
    assert len(dags.tasks_of(run.run_id)) == 2  # a container for each try
    for number in (1, 2):
        reason, *rest = explained(run, number)
        assert "exit code 137 (SIGKILL)" in reason["event"]
        assert [entry["event"] for entry in rest].count("waiting") == 1
    killed = "The container was killed"
    eventually(lambda: [(extra or "")[: len(killed)] for extra in extras(dags, run)].count(killed) == 2, within=SOON_S)


def test_an_image_that_cannot_be_pulled_is_named(dags: StackUnderTest) -> None:
    dags.fargate("faults", {"fail_pull": 1})
    run = dags.start("takes_too_much", "not-pulled")
    assert dags.finish(run) == "failed"
    containers = dags.tasks_of(run.run_id)
    assert len(containers) > 1  # what never started may be launched again
    assert {container["pid"] for container in containers} == {None}
    reason = explained(run, 1)[0]["event"]
    assert reason.startswith("The image local/airflow could not be pulled: CannotPullContainerError: ")
    eventually(lambda: reason in extras(dags, run), within=SOON_S)


def kill(stack: StackUnderTest, run: DagRun, try_number: int) -> None:
    """Kill -9 the container of a try once its task has written a line."""

    def container() -> dict[str, Any]:
        tasks = [task for task in stack.tasks_of(run.run_id) if task["tags"]["try_number"] == str(try_number)]
        return tasks[0] if tasks and tasks[0]["status"] == "RUNNING" else {}

    pid = int(eventually(container, within=60)["pid"])

    def talks() -> bool:
        run.refresh()
        return bool(state(run) == "running" and any(entry["event"] == "waiting" for entry in entries(run, try_number)))

    eventually(talks, within=60, every=0.5)
    os.kill(pid, signal.SIGKILL)


def started(run: DagRun) -> bool:
    run.refresh()
    return bool(run.tasks and run.tasks[0].try_number)


def state(run: DagRun) -> str:
    return str(getattr(run.tasks[0].state, "value", ""))


def entries(run: DagRun, try_number: int) -> list[dict[str, Any]]:
    """Return the lines of a log as REST gives them, without those that say where they are from."""
    content = read(run, try_number)
    return content[1 + [entry["event"] for entry in content].index("::endgroup::") :]


def explained(run: DagRun, try_number: int) -> list[dict[str, Any]]:
    """Return the lines of a log whose first one says why the container died; it is written beside the failure."""

    def with_reason() -> list[dict[str, Any]]:
        lines = entries(run, try_number)
        return lines if lines and lines[0].get("logger") == "fargate" and lines[0]["level"] == "error" else []

    return list(eventually(with_reason, within=SOON_S))


def sources(run: DagRun, try_number: int) -> list[str]:
    events = [entry["event"] for entry in read(run, try_number)]
    return events[1 : events.index("::endgroup::")]


def read(run: DagRun, try_number: int) -> list[dict[str, Any]]:
    """Ask for the log of the run's only task. The client's own reading of it knows one form of lines alone."""
    api, [task] = TaskInstanceApi(run.airflow.client), run.tasks
    arguments = (run.dag_id, run.run_id, task.task_id, try_number)
    answer = run.airflow.call(api.get_log_without_preload_content, *arguments, accept="application/json")
    assert answer.status == 200, answer.data
    content: list[dict[str, Any]] = json.loads(answer.data)["content"]
    return content


def keys(stack: StackUnderTest, run: DagRun) -> list[str]:
    prefix = f"airflow/dag_id={run.dag_id}/run_id={run.run_id}/"
    return [
        entry["Key"] for entry in stack.client("s3").list_objects_v2(Bucket=LOGS, Prefix=prefix).get("Contents", [])
    ]


def extras(stack: StackUnderTest, run: DagRun) -> list[str | None]:
    """Return the texts that the audit log has for a run."""
    api = EventLogApi(stack.airflow.client)
    found = stack.airflow.all(api.get_event_logs, "event_logs", dag_id=run.dag_id, run_id=run.run_id)
    return [event.extra for event in found]
