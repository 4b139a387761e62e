"""What fargate(…) asks for is what the container has."""

from infra.local import account
from infra.local.names import CLUSTER
from tests.e2e.conftest import LAKE_WRITER
from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_new_dag_file import known_dags

DAG = """
import os

from airflow.sdk import dag, task

from fargate import fargate


@dag(schedule=None)
def custom():
    config = fargate(
        cpu=0.5, memory=1, disk=30, role="lake-writer", definition="worker-with-more", env={"MODEL": "small"}
    )

    @task(executor="FargateExecutor", executor_config=config, retries=0)
    def look() -> None:
        print(os.environ["MODEL"], os.environ["OF_THE_IMAGE"])

    look()


custom()
"""
WRONG = """
from airflow.sdk import dag, task


@dag(schedule=None)
def wrong():
    @task(executor="FargateExecutor", executor_config={"overrides": {"cpu": "1024", "memory": "1024"}})
    def work() -> None: ...

    work()


wrong()
"""


def test_a_size_a_role_a_definition_and_variables_of_its_own(stack: StackUnderTest) -> None:
    definition = account.worker_definition(stack.layout) | {"family": "worker-with-more"}
    definition["containerDefinitions"][0]["environment"].append({"name": "OF_THE_IMAGE", "value": "gdal"})
    stack.client("ecs").register_task_definition(**definition)
    (stack.layout.dags / "custom.py").write_text(DAG)
    eventually(lambda: "custom" in known_dags(stack), within=60)
    run = stack.start("custom", "its-own")
    assert stack.finish(run) == "success"
    [task] = run.tasks
    stack.log_of(run, task, "small gdal")
    [ran] = stack.tasks_of("its-own")
    assert (ran["cpu"], ran["memory"], ran["disk"]) == (512, 1024, 30)
    [task] = stack.client("ecs").describe_tasks(cluster=CLUSTER, tasks=[ran["id"]])["tasks"]
    assert task["overrides"]["taskRoleArn"] == LAKE_WRITER


def test_a_wrong_config_is_an_import_error_that_names_dag_task_value_and_legal_ones(stack: StackUnderTest) -> None:
    from airflow_client.client.api.import_error_api import ImportErrorApi

    (stack.layout.dags / "wrong.py").write_text(WRONG)
    api = ImportErrorApi(stack.airflow.client)
    [error] = eventually(lambda: stack.airflow.all(api.get_import_errors, "import_errors"), within=60)
    (stack.layout.dags / "wrong.py").unlink()
    assert "DAG 'wrong', task 'work': overrides has {'cpu': '1024', 'memory': '1024'}" in error.stack_trace
    assert "memory=1.0 GiB with cpu=1.0 vCPU: legal are 2, 3, 4, 5, 6, 7, 8" in error.stack_trace
    eventually(lambda: not stack.airflow.all(api.get_import_errors, "import_errors"), within=60)
