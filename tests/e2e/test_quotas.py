"""What the account does not give: tasks wait for it, and that costs them nothing."""

import pytest

from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_new_dag_file import known_dags
from tests.form import FULL

DAG = """
from airflow.sdk import dag, task

from fargate import fargate


@dag(schedule=None)
def crowd():
    @task(executor="FargateExecutor", executor_config=fargate(cpu=0.5, memory=1, spot=%s), retries=0)
    def work(n: int) -> int:
        return n

    work.expand(n=list(range(6)))


crowd()
"""


def drop(stack: StackUnderTest, spot: bool) -> None:
    name = "crowd_on_spot" if spot else "crowd"
    (stack.layout.dags / f"{name}.py").write_text((DAG % spot).replace("crowd", name))
    eventually(lambda: name in known_dags(stack), within=60)


def test_at_the_account_s_vcpus_tasks_wait_without_costing_an_attempt(stack: StackUnderTest) -> None:
    drop(stack, spot=False)
    stack.fargate("faults", {"vcpus": 1})
    run = stack.start("crowd", "crowded")
    assert stack.finish(run) == "success"
    assert {task.try_number for task in run.tasks} == {1}
    tasks = stack.tasks_of("crowded")
    assert len(tasks) == 6
    times = [(entry["at"], entry["status"]) for task in tasks for entry in task["history"]]
    at_once = most = 0
    for _, status in sorted(times):
        at_once += {"PROVISIONING": 1, "STOPPED": -1}.get(status, 0)
        most = max(most, at_once)
    assert most == 2
    refused = [
        e for e in stack.fargate("events") if "reached the limit on the number of vCPUs" in (e.get("error") or "")
    ]
    assert refused, "the limit was reached"
    said = (stack.layout.log / "scheduler.log").read_text().count("tasks wait until some are free")
    assert 1 <= said <= 3


def test_without_spot_capacity_tasks_run_on_demand(stack: StackUnderTest) -> None:
    drop(stack, spot=True)
    stack.fargate("faults", {"no_capacity": ["FARGATE_SPOT"]})
    run = stack.start("crowd_on_spot", "no-spot")
    assert stack.finish(run) == "success"
    assert [task["provider"] for task in stack.tasks_of("no-spot")] == ["FARGATE"] * 6


INTERRUPTED = """
import os
import time

from airflow.sdk import BaseOperator, dag

from fargate import fargate


class Work(BaseOperator):
    def execute(self, context):
        time.sleep(15)

    def on_kill(self):
        os._exit(1)  # Spot gives two minutes of notice, which this does not take


@dag(schedule=None)
def interrupted():
    spot = fargate(cpu=0.5, memory=1, spot=True)
    Work(task_id="work", executor="FargateExecutor", executor_config=spot, retries=1, retry_delay=5)


interrupted()
"""


@pytest.mark.parametrize("after_s", [0, 8] if FULL else [8])
def test_the_try_after_an_interruption_is_on_demand(stack: StackUnderTest, after_s: float) -> None:
    (stack.layout.dags / "interrupted.py").write_text(INTERRUPTED)
    eventually(lambda: "interrupted" in known_dags(stack), within=60)
    stack.fargate("faults", {"interrupt_spot_after_s": after_s})
    run = stack.start("interrupted", f"taken-back-{after_s}")
    assert stack.finish(run) == "success"
    providers = [(task["tags"]["try_number"], task["provider"]) for task in stack.tasks_of(f"taken-back-{after_s}")]
    assert sorted(providers) == [("1", "FARGATE_SPOT"), ("2", "FARGATE")]
