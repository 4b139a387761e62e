"""Airflow's own role in the database, which the first deploy makes with the master's secret.

``airflow`` owns what Airflow makes. A rotation of the password (fargate.deploy.rotation) alternates between two
further logins, ``airflow_a`` and ``airflow_b``, that act as ``airflow``: the old one works until nobody uses it.
"""

import json
import re
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
    with closing(master("airflow-first-deploy")) as connection:
        database.rows(connection, "SELECT pg_advisory_lock(%s)", MAKING)
        url = database.url()
        login, password = url.username or "", url.password or ""
        if _known(connection, login):
            return False
        there = _known(connection, owner(login))
        own = [] if there else owning(owner(login), url.database or "")
        _run(connection, [*own, *admission(login, password, there=login == owner(login))])
    return True


def owning(role: str, base: str) -> list[sql.Composed]:
    """Return what makes the role that may make tables in a database."""
    names = {"role": sql.Identifier(role), "base": sql.Identifier(base)}
    return [
        sql.SQL("CREATE ROLE {role} NOLOGIN").format(**names),
        sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {base} TO {role}").format(**names),
        sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {role}").format(**names),
    ]


def owner(login: str) -> str:
    """Return the role as which a login acts."""
    return re.sub("_[ab]$", "", login)


def next_login(login: str) -> str:
    """Return the login that a rotation goes to."""
    return f"{owner(login)}_{'b' if login.endswith('_a') else 'a'}"


def admit(connection: Any, login: str, password: str) -> None:
    """Let a login in with a password, and let it act as the owner; it is made where it is not there."""
    _run(connection, admission(login, password, there=_known(connection, login)))


def admission(login: str, password: str, *, there: bool) -> list[sql.Composed]:
    names = {"login": sql.Identifier(login), "owner": sql.Identifier(owner(login)), "password": sql.Literal(password)}
    texts = [] if there else ["CREATE ROLE {login}"]
    texts.append("ALTER ROLE {login} LOGIN PASSWORD {password}")
    if login != owner(login):
        texts += ["GRANT {owner} TO {login}", "ALTER ROLE {login} SET role = {owner}"]
    return [sql.SQL(text).format(**names) for text in texts]


def shut_out(connection: Any, login: str) -> None:
    """Let a login in no more. What it has open stays open."""
    if _known(connection, login):
        _run(connection, [sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(sql.Identifier(login))])


def _known(connection: Any, name: str) -> bool:
    return bool(database.rows(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name))


def _run(connection: Any, statements: list[sql.Composed]) -> None:
    """Run all or none: what is sent at once is one transaction."""
    database.rows(connection, sql.SQL("; ").join(statements).as_string(connection))


def master(name: str) -> Any:
    """Connect as the master.

    :param name: how the session is called in ``pg_stat_activity``
    """
    secret = settings.master_secret()
    login = json.loads(secret_values.value(secret))
    try:
        return database.connect(name, user=login["username"], password=login["password"])
    except psycopg2.OperationalError as error:
        raise Failure(UNREACHABLE, f"the database does not let its master in (secret {secret}): {error}") from None
