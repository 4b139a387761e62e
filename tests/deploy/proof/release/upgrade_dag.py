"""
### A run that an upgrade of Airflow meets

Two tasks are under way when it begins, as long as the run is held, and one waits; two come after them.
"""

from importlib.metadata import version

from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import Param, dag, task

from fargate import fargate
from pipelines import deploy_proof
from pipelines.defaults import START


@dag(
    schedule=None,
    start_date=START,
    catchup=False,
    default_args={"retries": 0},
    params={"minutes": Param(0)},
    tags=["proof"],
)
def upgrade_dag():
    def work(kind: str, run_id: str | None, held: bool = False) -> str:
        deploy_proof.work(run_id, kind, 0, 0, held)
        return version("apache-airflow-core")

    on_fargate = {"executor": "FargateExecutor", "executor_config": fargate(cpu=0.25, memory=0.5)}

    @task
    def first_local(run_id: str | None = None) -> str:
        return work("first_local", run_id, held=True)

    @task(**on_fargate)
    def first_fargate(run_id: str | None = None) -> str:
        return work("first_fargate", run_id, held=True)

    @task(**on_fargate)
    def then_fargate(run_id: str | None = None) -> str:
        return work("then_fargate", run_id)

    @task
    def then_local(run_id: str | None = None) -> str:
        return work("then_local", run_id)

    waits = TimeDeltaSensor(task_id="waits", delta="{{ params.minutes }}", deferrable=True)
    [first_local(), first_fargate(), waits] >> then_fargate() >> then_local()


upgrade_dag()
