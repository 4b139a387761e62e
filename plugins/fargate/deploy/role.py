"""Airflow's own role in the database, which the first deploy makes with the master's secret."""

import json
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql

from fargate import settings
from fargate.deploy import database, secret_values
from fargate.deploy.failure import UNREACHABLE, Failure

MAKING = 0x726F6C65  # the advisory lock of two first deploys


def connect(name: str) -> Any:
    """Connect as Airflow's role; where the database does not know it yet, make it."""
    try:
        return database.connect(name)
    except psycopg2.OperationalError as error:
        said = str(error).strip()
    # libpq has no code for it: what Postgres says about a role that it does not have
    refused = "authentication failed" in said or "does not exist" in said
    if not (refused and settings.master_secret() and make()):
        raise Failure(UNREACHABLE, f"the database {database.url().host} does not let Airflow in: {said}")
    return database.connect(name)


def make() -> bool:
    """Make the role, with the right to make tables; tell whether it was missing."""
    with closing(_master()) as connection:
        database.rows(connection, "SELECT pg_advisory_lock(%s)", MAKING)
        name = database.url().username
        if database.rows(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            return False
        for statement in statements():
            database.rows(connection, statement.as_string(connection))
    return True


def statements() -> list[sql.Composed]:
    url = database.url()
    role, base = sql.Identifier(url.username or ""), sql.Identifier(url.database or "")
    return [
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(url.password)),
        sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}").format(base, role),
        sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(role),
    ]


def _master() -> Any:
    secret = settings.master_secret()
    login = json.loads(secret_values.value(secret))
    try:
        return database.connect("airflow-first-deploy", user=login["username"], password=login["password"])
    except psycopg2.OperationalError as error:
        raise Failure(UNREACHABLE, f"the database does not let its master in (secret {secret}): {error}") from None
