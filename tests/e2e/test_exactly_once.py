"""kill -9 of the scheduler at random moments of a launch: each queueing runs once, counted by what the tasks wrote.

The quick form kills three times. The full form, 20 kills at each latency with 100 tasks:
TESTS=full .local/venv/bin/pytest tests/e2e/test_exactly_once.py
"""

import os
import random
import signal
import time
from collections import Counter

import pytest

from infra.local.names import LAKE
from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_new_dag_file import known_dags
from tests.form import FULL

TASKS, ROUNDS, KILLS = (100, 5, 4) if FULL else (12, 1, 3)
SOON_S = 600 if FULL else 120  # once all are launched, the next launch is that of a task which resumes

DAG = """
from datetime import timedelta
from uuid import uuid4

import boto3
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, PokeReturnValue, dag, get_current_context, task

from fargate import fargate

ON_FARGATE = {"executor": "FargateExecutor", "executor_config": fargate(cpu=0.25, memory=0.5), "retries": 0}


def mark(what):
    context = get_current_context()
    ti = context["ti"]
    key = f"once/{ti.run_id}/{ti.task_id}/{ti.map_index}/{what}/{uuid4()}"
    boto3.client("s3").put_object(Bucket="%s", Key=key)


class Deferring(BaseOperator):
    def execute(self, context):
        mark("deferred")
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=5)), method_name="resume")

    def resume(self, context, event=None):
        mark("resumed")


@dag(schedule=None, max_active_tasks=200)
def once():
    @task(**ON_FARGATE)
    def write(n: int) -> None:
        mark("ran")

    @task.sensor(mode="reschedule", poke_interval=5, **ON_FARGATE)
    def look(n: int, ti=None) -> PokeReturnValue:
        first = ti.get_first_reschedule_date(get_current_context()) is None
        mark("first look" if first else "second look")
        return PokeReturnValue(is_done=not first)

    write.expand(n=list(range(%d)))
    look.expand(n=list(range(3)))
    for number in range(3):
        Deferring(task_id=f"deferring_{number}", **ON_FARGATE)


once()
"""


@pytest.fixture(scope="module")
def dag_file(stack: StackUnderTest) -> None:
    (stack.layout.dags / "once.py").write_text(DAG % (LAKE, TASKS))
    eventually(lambda: "once" in known_dags(stack), within=60)


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("dag_file")
@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize(("latency_ms", "unanswered"), [(100, 0.0), (800, 0.2)] if FULL else [(400, 0.2)])
def test_each_queueing_runs_once(stack: StackUnderTest, round_: int, latency_ms: int, unanswered: float) -> None:
    run_id = f"once-{latency_ms}-{round_}"
    seed = random.randrange(10**6)
    print(f"{run_id}: seed {seed}")
    moments = random.Random(seed)
    stack.fargate("faults", {"run_task_latency_ms": latency_ms, "timeout_after_accept": unanswered})
    run = stack.start("once", run_id)
    launching = TASKS / 20 + latency_ms / 1000
    for _ in range(KILLS):
        kill_during_a_launch(stack, run_id, moments.uniform(0, launching))
    stack.fargate("faults", {"run_task_latency_ms": latency_ms})
    assert stack.finish(run, timeout=1500) == "success"
    assert marks(stack, run_id) == expected()


def kill_during_a_launch(stack: StackUnderTest, run_id: str, delay: float) -> None:
    before = len(stack.fargate("tasks"))
    eventually(lambda: len(stack.fargate("tasks")) > before or is_over(stack, run_id), within=SOON_S)
    time.sleep(delay)
    victim = stack.pid("scheduler")
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: stack.pid("scheduler") not in (0, victim), within=60)


def is_over(stack: StackUnderTest, run_id: str) -> bool:
    return sum(marks(stack, run_id).values()) == sum(expected().values())


def expected() -> Counter[str]:
    wrote = [f"write/{n}/ran" for n in range(TASKS)]
    looked = [f"look/{n}/{which} look" for n in range(3) for which in ("first", "second")]
    deferred = [f"deferring_{n}/-1/{what}" for n in range(3) for what in ("deferred", "resumed")]
    return Counter(wrote + looked + deferred)


def marks(stack: StackUnderTest, run_id: str) -> Counter[str]:
    """Return how often each thing was done, by what the tasks wrote."""
    prefix = f"once/{run_id}/"
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=LAKE, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return Counter(key.removeprefix(prefix).rpartition("/")[0] for key in keys)
