"""Secrets are replaced step by step, in Secrets Manager and in a real Postgres."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import psycopg2
import pytest
from cryptography.fernet import Fernet
from moto import mock_aws
from sqlalchemy.engine import make_url

from fargate.deploy import database, role, rotation, secret_values
from fargate.deploy.failure import Failure
from fargate.deploy.rotation import DATABASE, FERNET, JWT
from tests.deploy.host_postgres import HostPostgres


@pytest.fixture
def manager(secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager with the secrets of a deployment."""
    with mock_aws():
        client = boto3.client("secretsmanager", "eu-west-1")
        for name, value in secrets.items():
            client.create_secret(Name=name, SecretString=value)
        monkeypatch.setattr(secret_values, "client", lambda _: client)
        monkeypatch.setattr(secret_values, "value", lambda name: client.get_secret_value(SecretId=name)["SecretString"])
        yield client


@pytest.fixture
def value(manager: Any) -> Callable[[str], str]:
    return lambda key: str(manager.get_secret_value(SecretId=f"test/{key}")["SecretString"])


@pytest.fixture
def encrypted(monkeypatch: pytest.MonkeyPatch, value: Callable[[str], str]) -> list[str]:
    """The keys with which all was encrypted again."""
    calls = list[str]()
    monkeypatch.setattr(rotation, "encrypt_again", lambda: calls.append(value(FERNET)))
    return calls


@pytest.mark.parametrize("secret", [FERNET, JWT])
def test_the_new_value_is_known_then_used_then_alone(
    secret: str, value: Callable[[str], str], encrypted: list[str]
) -> None:
    old = value(secret)
    assert rotation.step(secret)["done"] == "add"
    first, new = value(secret).split(",")
    assert first == old != new
    assert rotation.step(secret)["done"] == "use"
    assert value(secret) == f"{new},{old}"
    assert rotation.step(secret)["done"] == "drop"
    assert value(secret) == new
    assert encrypted == ([f"{new},{old}"] if secret == FERNET else [])
    assert rotation.plan(secret)["next"] == "add"
    assert not rotation.plan(secret)["under_way"]


def test_the_new_fernet_key_is_one(value: Callable[[str], str]) -> None:
    rotation.step(FERNET)
    Fernet(value(FERNET).split(",")[1])


def test_a_second_rotation_begins_anew(value: Callable[[str], str]) -> None:
    for done in ["add", "use", "drop"] * 2:
        assert rotation.step(JWT)["done"] == done
    assert "," not in value(JWT)


def test_tokens_of_tasks_have_time_to_end(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT", "500")
    monkeypatch.setenv("AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME", "70")
    waits = []
    for _ in range(3):
        waits.append(rotation.plan(JWT)["wait_s"])
        rotation.step(JWT)
    assert waits == [0, 0, 570]


def test_another_secret_is_refused_with_those_that_can_be(manager: Any) -> None:
    with pytest.raises(Failure, match="'api-secret' cannot be rotated: fernet-key, jwt-secret, database-url can"):
        rotation.plan("api-secret")


def test_a_secret_that_may_not_be_written_is_named(manager: Any) -> None:
    manager.delete_secret(SecretId="test/jwt-secret", ForceDeleteWithoutRecovery=True)
    with pytest.raises(Failure, match="cannot read the secret test/jwt-secret"):
        rotation.step(JWT)


@pytest.fixture
def logins(server: HostPostgres, manager: Any) -> Iterator[None]:
    """Airflow's role is there with the password of the secret, and no other login."""
    _forget(server)
    role.connect("test").close()
    yield
    _forget(server)


def _forget(server: HostPostgres) -> None:
    for name in ("airflow", "airflow_a", "airflow_b"):
        if server.do("SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            server.do(f"DROP OWNED BY {name} CASCADE")
            server.do(f"DROP ROLE {name}")


@pytest.mark.usefixtures("logins")
def test_two_logins_take_turns_and_act_as_the_owner(value: Callable[[str], str]) -> None:
    users = []
    for _ in range(3):
        assert rotation.step(DATABASE)["done"] == "use"
        users.append(make_url(value(DATABASE)).username)
        with closing(database.connect("test")) as connection:
            database.rows(connection, f"CREATE TABLE public.of_{users[-1]}_{len(users)} (id int)")
            assert database.rows(connection, "SELECT current_user AS me") == [{"me": "airflow"}]
        assert rotation.step(DATABASE)["done"] == "drop"
    assert users == ["airflow_a", "airflow_b", "airflow_a"]


@pytest.mark.usefixtures("logins")
def test_the_old_login_works_until_it_is_dropped(value: Callable[[str], str]) -> None:
    old = make_url(value(DATABASE))
    rotation.step(DATABASE)
    psycopg2.connect(**database.parameters(old)).close()
    rotation.step(DATABASE)
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        psycopg2.connect(**database.parameters(old))


@pytest.mark.usefixtures("logins")
def test_a_login_that_is_used_is_not_dropped(value: Callable[[str], str]) -> None:
    with closing(database.connect("of another host")):
        rotation.step(DATABASE)
        with pytest.raises(Failure, match="1 sessions of the login airflow are open"):
            rotation.step(DATABASE)
    assert rotation.plan(DATABASE)["next"] == "drop"


@pytest.mark.usefixtures("logins")
def test_a_database_that_was_restored_gets_the_login_of_today(
    server: HostPostgres, value: Callable[[str], str]
) -> None:
    rotation.step(DATABASE)
    server.do("DROP OWNED BY airflow_a CASCADE")
    server.do("DROP ROLE airflow_a")
    with closing(role.connect("test")) as connection:
        assert database.rows(connection, "SELECT current_user AS me") == [{"me": "airflow"}]
