"""A Postgres in which nobody but its master is known, and the secrets of a deployment; one with Airflow's tables."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from fargate.deploy import secret_values
from scripts.ports import free_port
from tests.deploy.host_postgres import MASTER, PASSWORD, HostPostgres

ADDRESS = "127.0.0.1"
FERNET_KEY = "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtIyM="


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostPostgres]:
    made = HostPostgres(tmp_path_factory.mktemp("postgres"), ADDRESS, free_port())
    yield made
    made.stop()


@pytest.fixture
def secrets(server: HostPostgres, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What Secrets Manager has; a test may change it."""
    values = {
        "test/database-url": f"postgresql+psycopg2://airflow:p%25w@{ADDRESS}:{server.port}/airflow",
        "test/fernet-key": "fernet",
        "test/jwt-secret": "jwt",
        "test/api-secret": "api",
        "test/tls": json.dumps({"certificate": "C", "key": "K"}),
        "master": json.dumps({"username": MASTER, "password": PASSWORD}),
    }
    monkeypatch.setenv("SECRETS_PREFIX", "test")
    monkeypatch.setenv("DATABASE_MASTER_SECRET", "master")
    monkeypatch.setattr(secret_values, "value", values.__getitem__)
    return values


@pytest.fixture
def role(server: HostPostgres, secrets: dict[str, str]) -> None:
    """Airflow's role is there."""
    if not server.do("SELECT 1 FROM pg_roles WHERE rolname = 'airflow'"):
        from fargate.deploy import role

        role.connect("test").close()


@pytest.fixture(scope="package")
def tables(server: HostPostgres) -> str:
    """The URL of a database with Airflow's tables, which belong to a role of their own."""
    server.do("CREATE ROLE tables LOGIN PASSWORD 'tables'", dbname="postgres")
    server.do("CREATE DATABASE tables OWNER tables", dbname="postgres")
    url = f"postgresql+psycopg2://tables:tables@{ADDRESS}:{server.port}/tables"
    environment = {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}
    migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(migrate, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return url


@pytest.fixture
def exported(secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command exports from the secrets is gone afterwards."""
    for variable in secret_values.VARIABLES:
        monkeypatch.setenv(variable, "")


@pytest.fixture
def orm(tables: str, server: HostPostgres, secrets: dict[str, str]) -> Iterator[None]:
    """Airflow in this process works on those tables; runs are gone afterwards."""
    from airflow import settings

    secrets |= {"test/database-url": tables, "test/fernet-key": FERNET_KEY}
    with pytest.MonkeyPatch.context() as patch:
        for variable in secret_values.VARIABLES:
            patch.setenv(variable, "")
        secret_values.export()
        _again(settings)
        yield
    _again(settings)
    server.do("TRUNCATE dag_run, trigger CASCADE", dbname="tables")


def _again(settings: Any) -> None:
    """Have Airflow read the address of its database again."""
    settings.dispose_orm(do_log=False)
    settings.configure_vars()
    settings.configure_orm()
