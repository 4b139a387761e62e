"""
### What the deployment leaves behind in AWS

Releases that no run has needed for RELEASES_KEPT_DAYS (archive, task definition and image together), old
revisions of other task definitions, and workload payloads that no task fetched. Runs on the local
executor only: it has to work when Fargate does not.

The metadata database is not cleaned here, since a task cannot reach it: that is a timer beside the
control plane (`make db-clean` on the local stack).
"""

from airflow.sdk import dag, task

from fargate import payloads, settings, task_definitions
from fargate.releases import removal
from pipelines.defaults import DEFAULT_ARGS, START

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
    @task
    def retire_task_definitions() -> dict:
        return task_definitions.retire("ecs_run_task", keep=KEEP_REVISIONS)

    @task
    def delete_expired_payloads() -> int:
        return payloads.delete_expired(settings.payload_bucket(), hours=PAYLOADS_LIVE_HOURS)

    @task
    def remove_old_releases() -> list[str]:
        return removal.remove_old()

    remove_old_releases()
    retire_task_definitions()
    delete_expired_payloads()


housekeeping()
