"""A DAG file that is dropped into the folder while everything runs."""

import time

from scripts.run_progress import label
from tests.e2e.stack_under_test import StackUnderTest, eventually

DAG = """
from airflow.sdk import dag, task


@dag(schedule=None)
def dropped():
    @task(executor="FargateExecutor", map_index_template="{{ ('city ' ~ task.op_kwargs['name'])[:250] }}")
    def greet(name: str) -> None:
        print(f"Hello from {name}")

    greet.expand(name=["Seoul", "Newark"])


dropped()
"""


def test_it_is_picked_up_runs_on_fargate_and_can_be_read(stack: StackUnderTest) -> None:
    (stack.layout.dags / "dropped.py").write_text(DAG)
    dropped = time.monotonic()
    eventually(lambda: "dropped" in known_dags(stack), within=30)
    assert time.monotonic() - dropped < 30

    run = stack.start("dropped", "first")
    assert stack.finish(run) == "success"

    assert sorted(label(task) for task in run.tasks) == ["city Newark", "city Seoul"]
    assert {task.executor for task in run.tasks} == {"FargateExecutor"}
    # a worker reports success, uploads its log, and only then ends
    eventually(lambda: [task["exit_code"] for task in stack.tasks_of("first")] == [0, 0], within=10)
    for task in run.tasks:
        stack.log_of(run, task, f"Hello from {label(task).removeprefix('city ')}")


def known_dags(stack: StackUnderTest) -> set[str]:
    from airflow_client.client.api.dag_api import DAGApi

    return {dag.dag_id for dag in stack.airflow.all(DAGApi(stack.airflow.client).get_dags, "dags")}
