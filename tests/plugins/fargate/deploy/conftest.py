"""A Postgres in which nobody but its master is known, and the secrets of a deployment."""

import json
from collections.abc import Iterator

import pytest

from fargate.deploy import secret_values
from scripts.ports import free_port
from tests.deploy.host_postgres import MASTER, PASSWORD, HostPostgres

ADDRESS = "127.0.0.1"


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
