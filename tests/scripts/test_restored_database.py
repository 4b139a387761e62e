"""What a restored database is compared with, on two real Postgres servers."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from scripts import restored_database
from scripts.restored_database import NEEDED, Broken, Database, compare
from tests.scripts.two_databases import RESTORED, RUNNING, Server, make_whole, two_servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    with two_servers(tmp_path_factory.mktemp("pg")) as servers:
        yield servers


@pytest.fixture
def whole(servers: dict[str, Server]) -> dict[str, Server]:
    make_whole(servers)
    return servers


def test_a_table_that_only_the_running_database_has(whole: dict[str, Server]) -> None:
    whole[RUNNING].do("create table variable (id int)")
    with pytest.raises(Broken, match="of the running database are missing: variable"):
        said(whole)
    whole[RUNNING].do("update alembic_version set version_num = '4567def'")
    assert said(whole)[0] == "5 tables of schema 0123abc; the running database has 4567def, by a later migration"


def test_a_running_database_without_runs(whole: dict[str, Server]) -> None:
    whole[RUNNING].do("delete from dag_run")
    assert said(whole)[1].startswith("no DAG run to look for")


def said(servers: dict[str, Server]) -> list[str]:
    running = Database(servers[RUNNING].url)
    return list(compare(running, running.at(RESTORED), datetime.now(UTC)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("p%25s", "wrong"), "--stage AWSPREVIOUS"),
        (("/airflow", "/none"), "run this where the database can be reached"),  # the last: the database
    ],
)
def test_a_login_that_fails_says_what_to_do(change: tuple[str, str], message: str, whole: dict[str, Server]) -> None:
    with pytest.raises(Broken, match=message):
        Database(change[1].join(whole[RUNNING].url.rsplit(change[0], 1))).tables()


def test_nothing_can_be_written(whole: dict[str, Server]) -> None:
    with pytest.raises(Broken, match="read-only transaction"):
        Database(whole[RUNNING].url).rows("delete from dag_run returning id")


def test_airflow_has_the_tables_and_columns_that_are_asked_for() -> None:
    from airflow.models.base import Base
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel

    assert SerializedDagModel.__tablename__ in Base.metadata.tables
    assert set(Base.metadata.tables) >= NEEDED - {"alembic_version"}
    assert {"id", "dag_id", "run_id", "created_at"} <= set(DagRun.__table__.columns.keys())
    assert all(column in restored_database.NEWEST for column in ("id", "dag_id", "run_id", "created_at"))
