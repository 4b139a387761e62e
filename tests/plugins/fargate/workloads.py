"""What the scheduler gives to an executor: a task to run, and tasks of a scheduler that died."""

from types import SimpleNamespace
from typing import Any

from airflow.executors.workloads import ExecuteTask

LAUNCH = "0190aaaa-1111-7000-8000-000000000001"
TASK = "0190bbbb-2222-7000-8000-000000000002"
VERSION = "0190cccc-3333-7000-8000-000000000003"

IDENTITY_TAGS = [
    {"key": "dag_id", "value": "flight_delays"},
    {"key": "run_id", "value": "rest__day__0123456789ab"},
    {"key": "task_id", "value": "load_small"},
    {"key": "map_index", "value": "3"},
    {"key": "try_number", "value": "1"},
]


def workload(launch_id: str | None = LAUNCH, config: dict[str, Any] | None = None, **changes: Any) -> ExecuteTask:
    task = {
        **{"id": TASK, "dag_version_id": VERSION, "dag_id": "flight_delays", "run_id": "rest__day__0123456789ab"},
        **{"task_id": "load_small", "map_index": 3, "try_number": 1, "pool_slots": 1, "priority_weight": 1},
        **{"external_executor_id": launch_id, "executor_config": config},
        **changes,
    }
    bundle = {"name": "dags-folder", "version": None}
    return ExecuteTask(ti=task, dag_rel_path="flight_delays.py", token="a-token", log_path="x.log", bundle_info=bundle)


class Orphan(SimpleNamespace):
    """A task instance of a dead scheduler, as the database gives it."""

    @property
    def key(self) -> Any:
        return workload(try_number=self.try_number, task_id=self.task_id).key


def orphan(external_executor_id: str | None, config: dict[str, Any], **changes: Any) -> Orphan:
    fields = workload().ti.model_dump() | {"executor_config": config, "queue": "default"}
    fields |= {"external_executor_id": external_executor_id, "state": "queued"} | changes
    model = SimpleNamespace(bundle_name="dags-folder", relative_fileloc="flight_delays.py")
    return Orphan(**fields, dag_model=model, dag_run=SimpleNamespace(bundle_version="release-7"))
