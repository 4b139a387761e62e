"""What Airflow 3.3.2 answers, in the shapes of the official client's models."""

from typing import Any

WHEN = "2026-11-21T06:00:00Z"
NOTHING = "00000000-0000-0000-0000-000000000000"


def dag(dag_id: str, *, paused: bool = False, params: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return DAGDetailsResponse, which has all of DAGResponse as well."""
    flags = ("has_import_errors", "has_task_concurrency_limits", "is_stale", "timetable_partitioned", "is_favorite")
    return {
        **dict.fromkeys(flags, False),
        **{"dag_id": dag_id, "dag_display_name": dag_id, "is_paused": paused, "is_backfillable": True},
        **{"catchup": False, "concurrency": 16, "max_active_tasks": 16, "max_consecutive_failed_dag_runs": 0},
        **{"file_token": "token", "fileloc": f"/dags/{dag_id}.py", "owners": ["us"], "timetable_periodic": True},
        **{"tags": [{"name": "a", "dag_id": dag_id, "dag_display_name": dag_id}], "next_dagrun_run_after": WHEN},
        **{
            "render_template_as_native_obj": False,
            "params": params or {},
            "start_date": WHEN,
            "timezone": "Asia/Seoul",
        },
        **changes,
    }


def run(dag_id: str, run_id: str, state: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Return DAGRunResponse."""
    return {
        **{"dag_id": dag_id, "dag_run_id": run_id, "dag_display_name": dag_id, "state": state, "conf": conf},
        **{"run_after": WHEN, "queued_at": WHEN, "run_type": "manual", "triggered_by": "rest_api", "dag_versions": []},
        **{"logical_date": None, "start_date": WHEN, "end_date": None, "duration": None, "note": None},
    }


def task(
    task_id: str, state: str | None, map_index: int = -1, label: str | None = None, **changes: Any
) -> dict[str, Any]:
    """Return TaskInstanceResponse."""
    started = state not in (None, "queued", "scheduled", "upstream_failed")
    return {
        **{"task_id": task_id, "task_display_name": task_id, "map_index": map_index, "rendered_map_index": label},
        **{"dag_id": "flights", "dag_display_name": "flights", "dag_run_id": "run", "id": NOTHING, "run_after": WHEN},
        **{
            "state": state,
            "try_number": 1,
            "max_tries": 1,
            "pool": "default_pool",
            "pool_slots": 1,
            "priority_weight": 1,
        },
        **{"executor": None, "executor_config": "{}", "hostname": "", "queue": "default", "rendered_fields": {}},
        **{"start_date": WHEN if started else None, "end_date": None, "duration": 12.34 if started else None},
        **changes,
    }


def xcom(task_id: str, key: str, value: Any = None) -> dict[str, Any]:
    """Return XComResponseNative, which has all of XComResponse as well."""
    return {
        **{"key": key, "task_id": task_id, "task_display_name": task_id, "dag_id": "flights", "run_id": "run"},
        **{"dag_display_name": "flights", "map_index": -1, "run_after": WHEN, "timestamp": WHEN, "value": value},
    }
