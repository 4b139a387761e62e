"""Airflow's role is made once, by the master, and has what Airflow needs."""

from contextlib import closing

import pytest

from fargate.deploy import database, role
from fargate.deploy.failure import UNREACHABLE, Failure
from tests.deploy.host_postgres import HostPostgres


@pytest.fixture(autouse=True)
def _nobody_yet(server: HostPostgres) -> None:
    if server.do("SELECT 1 FROM pg_roles WHERE rolname = 'airflow'"):
        server.do("DROP OWNED BY airflow CASCADE")
        server.do("DROP ROLE airflow")


def test_it_is_made_with_the_password_of_the_secret(secrets: dict[str, str]) -> None:
    with closing(role.connect("test")) as connection:
        assert database.rows(connection, "SELECT current_user AS me") == [{"me": "airflow"}]
        database.rows(connection, "CREATE TABLE public.mine (id int)")
        database.rows(connection, "CREATE SCHEMA own")


def test_it_is_not_made_twice(secrets: dict[str, str]) -> None:
    role.connect("test").close()
    assert not role.make()


def test_a_wrong_password_of_a_role_that_is_there_is_an_error(secrets: dict[str, str]) -> None:
    role.connect("test").close()
    secrets["test/database-url"] = secrets["test/database-url"].replace("p%25w", "other")
    with pytest.raises(Failure, match="does not let Airflow in") as failure:
        role.connect("test")
    assert failure.value.code == UNREACHABLE


def test_without_a_master_none_is_made(secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_MASTER_SECRET")
    with pytest.raises(Failure, match="authentication failed"):
        role.connect("test")


def test_a_database_that_is_away_is_named(secrets: dict[str, str]) -> None:
    secrets["test/database-url"] = "postgresql+psycopg2://airflow:x@127.0.0.1:1/airflow"
    with pytest.raises(Failure, match=r"127\.0\.0\.1 does not let Airflow in: .*refused"):
        role.connect("test")
