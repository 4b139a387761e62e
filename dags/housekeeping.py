"""
### What the deployment leaves behind in AWS

Old revisions of task definitions, and workload payloads that no task fetched. Runs on the local
executor only: it has to work when Fargate does not.

The metadata database is not cleaned here, since a task cannot reach it: that is a timer beside the
control plane (`make db-clean` on the local stack).
"""

from airflow.sdk import dag, task

from fargate import payloads, settings, task_definitions
from pipelines.defaults import DEFAULT_ARGS, START

FAMILIES = [settings.worker_definition(), "ecs_run_task"]
KEEP_REVISIONS = 100
PAYLOADS_LIVE_HOURS = 24


@dag(
    schedule="30 4 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["housekeeping"],
)
def housekeeping():
    @task(map_index_template="{{ task.op_kwargs['family'][:250] }}")
    def retire_task_definitions(family: str) -> dict:
        return task_definitions.retire(family, keep=KEEP_REVISIONS)

    @task
    def delete_expired_payloads() -> int:
        return payloads.delete_expired(settings.payload_bucket(), hours=PAYLOADS_LIVE_HOURS)

    retire_task_definitions.expand(family=FAMILIES)
    delete_expired_payloads()


housekeeping()
