"""A direct connection to Airflow's database, without Airflow. Never through a pooler: sessions hold locks here."""

from typing import Any

import psycopg2
import psycopg2.extras
from sqlalchemy.engine import URL, make_url

from fargate.deploy import secret_values
from fargate.deploy.failure import UNREACHABLE, Failure

# a client that is gone without a word (a host that lost its power) is found out within 20 s, and its locks freed
KEEPALIVE = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}
CONNECT_S = 5


def url() -> URL:
    return make_url(secret_values.read("database-url"))


def connect(name: str, **other: str | None) -> Any:
    """Open a connection in autocommit, as Airflow's role unless ``other`` says whose.

    :param name: how it is called in ``pg_stat_activity``
    """
    options = " ".join(f"-c {key}={value}" for key, value in KEEPALIVE.items())
    connection = psycopg2.connect(
        **parameters(url(), **other), application_name=name, connect_timeout=CONNECT_S, options=options
    )
    connection.autocommit = True
    return connection


def reachable(name: str) -> Any:
    """Open a connection, or say that it cannot be."""
    try:
        return connect(name)
    except psycopg2.OperationalError as error:
        raise Failure(UNREACHABLE, f"the database {url().host} does not answer: {str(error).strip()}") from None


def parameters(address: URL, **other: str | None) -> dict[str, Any]:
    """Return libpq's parameters."""
    known = {
        "host": address.host,
        "port": address.port or 5432,
        "dbname": address.database,
        "user": address.username,
        "password": address.password,
    }
    return {**known, **address.query, **other}


def rows(connection: Any, statement: str, *values: object) -> list[dict[str, Any]]:
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        # without values a % is a % (a password has one)
        cursor.execute(statement, values or None)
        return [dict(row) for row in cursor.fetchall()] if cursor.description else []
