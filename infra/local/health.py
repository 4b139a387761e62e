"""Whether the stack's parts work, by checks that cost next to nothing."""

import json
import urllib.error
import urllib.request
from typing import Any

import psycopg2

from infra.local import postgres
from infra.local.layout import Layout

JOBS = {"SchedulerJob": "scheduler", "DagProcessorJob": "dag-processor", "TriggererJob": "triggerer"}
FRESH_S = 60
# a command of Airflow's own, `airflow jobs check`, costs seconds of CPU for the same answer
QUERY = """
    SELECT job_type FROM job
    WHERE state = 'running' AND latest_heartbeat > now() - make_interval(secs => %s) AND start_date > to_timestamp(%s)
"""


def unhealthy(layout: Layout, started: dict[str, float] | None = None) -> list[str]:
    """Return the names of the parts that do not work (yet), in the order in which they start.

    ``started`` has the Unix time at which each process was started: a heartbeat of the process
    before it does not count.
    """
    checks = {
        "postgres": postgres.ready(layout),
        "aws": _get(f"{layout.aws_url}/_fargate/health"),
        "api-server": _get(f"{layout.airflow_url}/api/v2/version") and _get(f"{layout.airflow_url}/execution/health"),
        **_jobs(layout, started or {}),
    }
    return [name for name, healthy in checks.items() if not healthy]


def parsed(layout: Layout, dag_id: str) -> bool:
    """Tell whether a DAG is in the database and can be started."""
    rows = _query(layout, "SELECT 1 FROM dag WHERE dag_id = %s AND NOT is_stale", (dag_id,))
    return bool(rows)


def _jobs(layout: Layout, started: dict[str, float]) -> dict[str, bool]:
    # whole seconds are what supervisor knows
    alive = set()
    for job, name in JOBS.items():
        rows = _query(layout, QUERY, (FRESH_S, started.get(name, 0)))
        alive |= {name} if (job,) in rows else set()
    return {name: name in alive for name in JOBS.values()}


def _query(layout: Layout, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    try:
        connection = psycopg2.connect(host=str(layout.sockets), user="airflow", dbname="postgres")
    except psycopg2.OperationalError:
        return []
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())
    except psycopg2.errors.UndefinedTable:  # the schema is being made
        return []
    finally:
        connection.close()


def _get(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, json.JSONDecodeError):
        return False
