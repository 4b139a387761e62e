"""What the account does not give: tasks wait for it, and that costs them nothing."""

from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_new_dag_file import known_dags

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


def test_the_try_after_an_interruption_is_on_demand(stack: StackUnderTest) -> None:
    name = "interrupted"
    dag = (DAG % True).replace("crowd", name).replace("retries=0", "retries=1, retry_delay=1")
    slow = dag.replace("        return n\n", "        import time\n\n        time.sleep(8)\n")
    (stack.layout.dags / f"{name}.py").write_text(slow.replace("range(6)", "range(2)"))
    eventually(lambda: name in known_dags(stack), within=60)
    stack.fargate("faults", {"interrupt_spot_after_s": 3})
    run = stack.start(name, "taken-back")
    assert stack.finish(run) == "success"
    providers = sorted((task["tags"]["try_number"], task["provider"]) for task in stack.tasks_of("taken-back"))
    assert providers == [("1", "FARGATE_SPOT")] * 2 + [("2", "FARGATE")] * 2
