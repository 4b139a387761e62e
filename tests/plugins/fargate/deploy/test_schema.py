"""How the database stands to the image."""

from types import SimpleNamespace
from typing import Any

import pytest

from fargate.deploy import schema
from tests.deploy.host_postgres import HostPostgres


def script(*revisions: str) -> Any:
    """Make the scripts of migrations, the newest first."""
    walked = [SimpleNamespace(revision=revision) for revision in revisions]
    return SimpleNamespace(get_heads=lambda: [revisions[0]], walk_revisions=lambda: walked)


OURS = {"alembic_version": script("b", "a"), "alembic_version_fab": script("y", "x")}


@pytest.mark.parametrize(
    ("airflow", "fab", "state"),
    [
        (["b"], ["y"], "equal"),
        ([], [], "empty"),
        (["a"], ["y"], "behind"),
        (["b"], ["x"], "behind"),
        (["b"], [], "behind"),
        (["c"], ["y"], "ahead"),
        (["b"], ["z"], "ahead"),
    ],
)
def test_states(airflow: list[str], fab: list[str], state: str) -> None:
    assert schema.state(OURS, {"alembic_version": airflow, "alembic_version_fab": fab}) == state


def test_the_database_is_asked(server: HostPostgres, role: None) -> None:
    server.do("CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('b')")
    server.do("GRANT SELECT ON alembic_version TO airflow")
    try:
        told = schema.compared(OURS)
    finally:
        server.do("DROP TABLE alembic_version")
    assert told["state"] == "behind"
    assert told["database"] == {"alembic_version": ["b"], "alembic_version_fab": []}
    assert told["connections"] == {"takes": 200, "reserved": 3}
    assert told["image"] == {"alembic_version": ["b"], "alembic_version_fab": ["y"]}


def test_the_images_own_migrations_are_those_of_airflow_and_its_login() -> None:
    assert set(schema.scripts()) == {"alembic_version", "alembic_version_fab"}
