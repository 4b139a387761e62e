"""kill -9 of the scheduler in the middle of the main job: what ECS had answered for is neither lost nor doubled."""

import os
import re
import signal
import time
from collections import Counter
from typing import Any

from infra.local.names import LOGS
from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_new_dag_file import known_dags

RUN_ID = "killed"
WANTED = {"PROVISIONING", "PENDING", "RUNNING"}


def test_no_launch_is_lost_or_doubled(stack: StackUnderTest, demo: str) -> None:
    # two calls a second, so that tasks are in all three statuses while the rest is still being launched
    quota = {"burst": 2, "rate": 2}
    stack.fargate("faults", {"run_task_latency_ms": 400, "provision_s": 1.0, "call_quota": quota})
    run = stack.start("flight_delays", RUN_ID, {"carriers": [], "months": ["2013-03"]})
    victim = stack.pid("scheduler")
    eventually(lambda: {task["status"] for task in stack.tasks_of(RUN_ID)} >= WANTED, within=120, every=0.01)
    os.kill(victim, signal.SIGKILL)
    killed = time.time()
    eventually(lambda: stack.pid("scheduler") not in (0, victim), within=30)
    stack.fargate("faults", {})
    assert stack.finish(run, timeout=300) == "success"

    tasks = stack.tasks_of(RUN_ID)
    at_the_kill = {status_at(task, killed) for task in tasks}
    assert at_the_kill >= WANTED, f"the kill came when tasks were {at_the_kill}"
    launched = Counter(identity(task) for task in tasks)
    assert set(launched.values()) == {1}, f"started more than once: {launched}"
    before = {identity(task) for task in tasks if task["history"][0]["at"] < killed}
    assert before, "nothing was launched before the kill"
    expected = Counter(f"{task}/{index}" for task, index in launched)
    # a worker reports the end of its task first and uploads the log then
    eventually(lambda: len(written(stack)) >= len(tasks), within=20)
    assert Counter(written(stack)) == expected


def identity(task: dict[str, Any]) -> tuple[str, str]:
    return task["tags"]["task_id"], task["tags"]["map_index"]


def status_at(task: dict[str, Any], when: float) -> str:
    """Return the status that a task had at a moment, "" before it was launched."""
    return next((entry["status"] for entry in reversed(task["history"]) if entry["at"] <= when), "")


def written(stack: StackUnderTest) -> list[str]:
    """Return ``task/map index`` for each log of a Fargate task of this run: one an attempt, written by the task."""
    prefix = f"airflow/dag_id=flight_delays/run_id={RUN_ID}/"
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=LOGS, Prefix=prefix)
    keys = [entry["Key"].removeprefix(prefix) for page in pages for entry in page["Contents"]]
    fargate = [key for key in keys if key.startswith(("task_id=load_", "task_id=join_weather"))]
    parts = [dict(part.split("=", 1) for part in key.split("/")) for key in fargate]
    return [f"{part['task_id']}/{part.get('map_index', '-1')}" for part in parts]


SLOW = """
import time

from airflow.sdk import dag, task


@dag(schedule=None)
def slow():
    @task(executor="FargateExecutor", retries=0)
    def work(n: int) -> None:
        time.sleep(20)

    work.expand(n=[1, 2, 3])


slow()
"""


def test_a_scheduler_that_is_stopped_hands_its_tasks_over(stack: StackUnderTest) -> None:
    (stack.layout.dags / "slow.py").write_text(SLOW)
    eventually(lambda: "slow" in known_dags(stack), within=60)
    run = stack.start("slow", "handed-over")
    eventually(lambda: [task["status"] for task in stack.tasks_of("handed-over")] == ["RUNNING"] * 3, within=60)
    stopped, log = stack.pid("scheduler"), stack.layout.log / "scheduler.log"
    before = log.stat().st_size
    os.kill(stopped, signal.SIGTERM)
    eventually(lambda: stack.pid("scheduler") not in (0, stopped), within=30)
    adopted = re.compile(r"Adopted ([3-9]|\d\d+) tasks of a dead scheduler")
    eventually(lambda: adopted.search(log.read_bytes()[before:].decode(errors="replace")), within=60)
    assert {task["status"] for task in stack.tasks_of("handed-over")} == {"RUNNING"}, "they ran on"
    assert stack.finish(run) == "success"
    assert {task.try_number for task in run.tasks} == {1}
    assert len(stack.tasks_of("handed-over")) == 3
