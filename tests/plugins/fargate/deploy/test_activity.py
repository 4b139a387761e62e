"""What runs, by release, from a database with the columns that are asked for."""

from contextlib import closing

import pytest

from fargate.deploy import activity, database
from tests.deploy.host_postgres import HostPostgres

TABLES = """
DROP TABLE IF EXISTS task_instance, dag_run, job;
CREATE TABLE dag_run (dag_id text, run_id text, state text, bundle_version text);
CREATE TABLE job (id int, hostname text);
CREATE TABLE task_instance (dag_id text, run_id text, task_id text, map_index int, state text, executor text,
    queued_by_job_id int, external_executor_id text);
GRANT SELECT ON dag_run, job, task_instance TO airflow;
INSERT INTO dag_run VALUES ('d', 'old', 'running', 'r-1'), ('d', 'new', 'queued', 'r-2'),
    ('d', 'done', 'success', 'r-1'), ('d', 'unpinned', 'running', NULL);
INSERT INTO job VALUES (1, 'scheduler-1'), (2, 'scheduler-2');
INSERT INTO task_instance VALUES
    ('d', 'old', 'a', -1, 'running', 'FargateExecutor', 1, 'arn:1'),
    ('d', 'old', 'b', -1, 'running', NULL, 1, NULL),
    ('d', 'old', 'c', 2, 'running', 'LocalExecutor', 2, NULL),
    ('d', 'new', 'a', -1, 'queued', 'FargateExecutor', 1, 'arn:2'),
    ('d', 'new', 'b', -1, 'queued', 'FargateExecutor', 1, 'a launch id'),
    ('d', 'new', 'c', -1, 'deferred', NULL, 1, NULL),
    ('d', 'done', 'a', -1, 'success', NULL, 1, NULL)
"""


@pytest.fixture(autouse=True)
def _tables(server: HostPostgres, role: None) -> None:
    server.do(TABLES)


def test_tasks_and_runs_are_counted_by_release() -> None:
    told = activity.report()
    assert [tuple(row.values()) for row in told["tasks"]] == [
        ("r-1", "fargate", "running", 1),
        ("r-1", "local", "running", 2),
        ("r-2", "fargate", "queued", 2),
        ("r-2", "local", "deferred", 1),
    ]
    assert told["runs"] == [
        {"release": "none", "count": 1},
        {"release": "r-1", "count": 1},
        {"release": "r-2", "count": 1},
    ]


def test_a_worker_has_in_hand_what_runs_and_what_was_launched() -> None:
    assert activity.report()["working"] == 4  # three run, one is queued with an ARN


def test_local_tasks_are_those_of_one_scheduler() -> None:
    assert activity.local_tasks("scheduler-1") == {"tasks": ["d old b[-1]"]}
    assert activity.local_tasks("scheduler-2") == {"tasks": ["d old c[2]"]}


def test_who_has_the_database_open_is_told_by_address_but_for_deploys() -> None:
    with closing(database.connect("airflow-deploy")):
        assert activity.sessions() == {"sessions": []}
        with closing(database.connect("")), closing(database.connect("fargate.turn")):
            assert activity.sessions() == {"sessions": ["127.0.0.1 (2 sessions)"]}
