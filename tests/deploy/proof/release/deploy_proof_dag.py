"""
### The DAG of the deploy's proof, as release RELEASE_NAME has it

Every release has another last task, and another body behind the tasks that all of them have.
"""

from airflow.sdk import Param, dag, task

from fargate import fargate
from pipelines import deploy_proof
from pipelines.defaults import START


@dag(
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_tasks=128,
    default_args={"retries": 0},
    params={
        "fargate": Param([30], type="array"),
        "local": Param([10], type="array"),
    },
    tags=["proof"],
)
def deploy_proof_dag():
    @task
    def seconds(kind: str, params: dict | None = None) -> list[dict]:
        return [{"kind": kind, "number": n, "seconds": s} for n, s in enumerate((params or {})[kind])]

    @task(executor="FargateExecutor", executor_config=fargate(cpu=0.25, memory=0.5))
    def on_fargate(what: dict, run_id: str | None = None) -> str:
        return deploy_proof.work(run_id, **what)

    @task
    def on_local(what: dict, run_id: str | None = None) -> str:
        return deploy_proof.work(run_id, **what)

    @task(trigger_rule="all_done")
    def only_in_RELEASE_NAME(run_id: str | None = None) -> str:
        return deploy_proof.work(run_id, "last", 0, 0)

    far = on_fargate.expand(what=seconds.override(task_id="fargate_seconds")("fargate"))
    near = on_local.expand(what=seconds.override(task_id="local_seconds")("local"))
    [far, near] >> only_in_RELEASE_NAME()


deploy_proof_dag()
