"""The failed tasks of a run, by label, each with the end of its log."""

import json
import sys
from typing import Any

from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.exceptions import ApiException

from scripts.airflow_api import Problem, detail
from scripts.dag_run import DagRun
from scripts.run_progress import label

LINES = 8
MOST = 10


def report_failures(run: DagRun) -> None:
    """Print them to stderr; of many, the first ten."""
    failed = [task for task in run.tasks if str(getattr(task.state, "value", "")) == "failed"]
    for task in failed[:MOST]:
        print(f"\nfailed: {task.task_id} {label(task)}".rstrip() + f" (try {task.try_number})", file=sys.stderr)
        for line in log_end(run, task):
            print(f"    {line}", file=sys.stderr)
    if len(failed) > MOST:
        print(f"\n... and {len(failed) - MOST} more: {run.url}", file=sys.stderr)


def log_end(run: DagRun, task: Any, lines: int = LINES) -> list[str]:
    """Return the last lines of a task's log, or why there are none."""
    try:
        entries = run.airflow.call(content, run, task)
    except (ApiException, Problem) as error:
        reason = f"{error.status} {detail(error)}" if isinstance(error, ApiException) else error
        return [f"the log cannot be read: {reason}"]
    return [line for entry in entries for line in _readable(entry)][-lines:]


def content(run: DagRun, task: Any, **options: Any) -> list[Any]:
    """Return the entries of a task's log as REST gives them; to be called by ``Airflow.call``."""
    # the client's own reading of a log knows one form of its lines and refuses the others
    answer = TaskInstanceApi(run.airflow.client).get_log_without_preload_content(
        run.dag_id,
        run.run_id,
        task.task_id,
        task.try_number,
        map_index=task.map_index,
        full_content=True,
        accept="application/json",
        **options,
    )
    if answer.status != 200:
        raise ApiException.from_response(http_resp=answer, body=answer.data.decode(), data=None)
    entries = json.loads(answer.data).get("content") or []
    return [entries] if isinstance(entries, str) else entries


def _readable(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return entry.splitlines()
    event = str(entry.get("event", ""))
    if event.startswith("::"):
        return []
    errors = [f"{e['exc_type']}: {e['exc_value']}" for e in entry.get("error_detail") or []]
    return [line for text in (event, *errors) for line in text.splitlines()]
