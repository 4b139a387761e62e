"""Whether the stack's parts work, by checks that cost next to nothing."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import psycopg2

from infra.local import postgres
from infra.local.layout import Layout

JOBS = {"SchedulerJob": "scheduler", "DagProcessorJob": "dag-processor", "TriggererJob": "triggerer"}
FRESH_S = 60
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no way to here
# a command of Airflow's own, `airflow jobs check`, costs seconds of CPU for the same answer
QUERY = """
    SELECT job_type, extract(epoch FROM max(start_date)) FROM job
    WHERE state = 'running' AND latest_heartbeat > now() - make_interval(secs => %s) GROUP BY job_type
"""


def unhealthy(layout: Layout, names: Iterable[str], started: Mapping[str, float] | None = None) -> list[str]:
    """Return those of ``names`` that do not work (yet).

    ``started`` has the Unix time at which each process was started: a heartbeat of the process
    before it does not count.
    """
    names = list(names)
    beating = _beating(layout) if set(names) & set(JOBS.values()) else {}
    checks: dict[str, Callable[[], bool]] = {
        "postgres": lambda: postgres.ready(layout),
        "aws": lambda: _get(f"{layout.aws_url}/_fargate/health"),
        "api-server": lambda: _get(f"{layout.airflow_url}/execution/health"),
        **{name: partial(_beats, name, beating, started or {}) for name in JOBS.values()},
    }
    return [name for name in names if not checks[name]()]


def _beats(name: str, beating: Mapping[str, float], started: Mapping[str, float]) -> bool:
    return name in beating and beating[name] >= started.get(name, 0)


def _beating(layout: Layout) -> dict[str, float]:
    """Return, for each kind of job with a fresh heartbeat, when the newest of them started."""
    try:
        connection = psycopg2.connect(host=str(layout.sockets), user="airflow", dbname="postgres")
    except psycopg2.OperationalError:
        return {}
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(QUERY, (FRESH_S,))
            return {JOBS[job]: float(start) for job, start in cursor.fetchall() if job in JOBS}
    except psycopg2.errors.UndefinedTable:  # the schema is being made
        return {}
    finally:
        connection.close()


def _get(url: str) -> bool:
    try:
        with DIRECT.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
