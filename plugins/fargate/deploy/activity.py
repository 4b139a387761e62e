"""What is going on, by release: asked of the database without importing Airflow, so that it takes half a second."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from fargate.deploy import database

# a task without an executor of its own is on the first one, which is the local lane
LANE = "CASE WHEN ti.executor ILIKE '%%fargate%%' THEN 'fargate' ELSE 'local' END"
UNPINNED = "coalesce(dr.bundle_version, 'none')"
TASKS = f"""
SELECT {UNPINNED} AS release, {LANE} AS lane, ti.state, count(*) AS count
FROM task_instance ti JOIN dag_run dr USING (dag_id, run_id)
WHERE ti.state IN ('queued', 'running', 'restarting', 'deferred') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
RUNS = f"""
SELECT {UNPINNED} AS release, count(*) AS count FROM dag_run dr
WHERE dr.state IN ('queued', 'running') GROUP BY 1 ORDER BY 1
"""
# what a worker has in hand: a queued task whose launch got an ARN will run, whether a scheduler is there or not
WORKING = """
SELECT count(*) AS count FROM task_instance
WHERE state IN ('running', 'restarting') OR state = 'queued' AND external_executor_id LIKE 'arn:%%'
"""
LOCAL = f"""
SELECT ti.dag_id, ti.run_id, ti.task_id, ti.map_index FROM task_instance ti
JOIN job ON job.id = ti.queued_by_job_id
WHERE job.hostname = %s AND ti.state IN ('running', 'restarting') AND {LANE} = 'local' ORDER BY 1, 2, 3, 4
"""
# all of Airflow acts as this role, by one login or another, on whatever host it is; a deploy's own sessions say
# who they are
SESSIONS = """
SELECT coalesce(host(client_addr), 'the database''s own machine') AS address, count(*) AS count FROM pg_stat_activity
WHERE datname = current_database() AND usename IN (current_user, current_user || '_a', current_user || '_b')
AND NOT starts_with(application_name, 'airflow-deploy')
GROUP BY 1 ORDER BY 1
"""


def report() -> dict[str, Any]:
    """Return tasks by release, lane and state, and unfinished runs by release, and what workers have in hand."""
    with _session() as connection:
        [working] = database.rows(connection, WORKING)
        tasks, runs = database.rows(connection, TASKS), database.rows(connection, RUNS)
    return {"tasks": tasks, "runs": runs, "working": working["count"]}


def local_tasks(hostname: str) -> dict[str, list[str]]:
    """Return the local tasks that a scheduler still runs, by the name of its host (its container)."""
    with _session() as connection:
        found = database.rows(connection, LOCAL, hostname)
    return {"tasks": ["{dag_id} {run_id} {task_id}[{map_index}]".format(**row) for row in found]}


def sessions() -> dict[str, list[str]]:
    """Return the addresses from which Airflow's role has the database open, with how many sessions each has."""
    with _session() as connection:
        found = database.rows(connection, SESSIONS)
    return {"sessions": ["{address} ({count} sessions)".format(**row) for row in found]}


@contextmanager
def _session() -> Iterator[Any]:
    with closing(database.reachable("airflow-deploy-activity")) as connection:
        yield connection
