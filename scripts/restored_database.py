"""What is in a database of Airflow, and whether a restored one has what the running one had."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

import psycopg2

CONNECT_S = 20
# a snapshot has what was written until some moment of its making
SLACK = timedelta(minutes=10)
NEEDED = {"alembic_version", "dag", "dag_run", "task_instance", "serialized_dag"}
TABLES = "select table_name from information_schema.tables where table_schema = current_schema()"
NEWEST = "select id, dag_id, run_id, created_at from dag_run where created_at < %s order by created_at desc limit 1"


class Broken(RuntimeError):
    """The restored database is not what it should be; the message says in what."""


class Database:
    """Airflow's database, by the URL that Airflow has. ``host`` replaces the one in the URL."""

    def __init__(self, url: str, host: str | None = None) -> None:
        self._url, self.host = url, host or urlsplit(url).hostname or ""

    def at(self, host: str) -> "Database":
        return Database(self._url, host)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Return what a query answers. It can write nothing."""
        try:
            with closing(psycopg2.connect(**self._address())) as connection, connection.cursor() as cursor:
                connection.set_session(readonly=True)
                cursor.execute(query, values)
                return list(cursor.fetchall())
        except psycopg2.Error as error:
            raise Broken(f"{self.host}: {str(error).strip()}{_advice(error)}") from error

    def tables(self) -> set[str]:
        return {str(name) for (name,) in self.rows(TABLES)}

    def schema(self) -> str:
        return ", ".join(sorted(str(version) for (version,) in self.rows("select version_num from alembic_version")))

    def newest_run(self, before: datetime) -> tuple[object, ...] | None:
        """Return number, DAG, id and time of the newest DAG run that was made before a moment."""
        return next(iter(self.rows(NEWEST, before)), None)

    def _address(self) -> dict[str, object]:
        parts = urlsplit(self._url)
        return {
            "host": self.host,
            "port": parts.port or 5432,
            "user": parts.username,
            "password": unquote(parts.password or ""),
            "dbname": parts.path.lstrip("/"),
            "connect_timeout": CONNECT_S,
        }


def compare(running: Database, restored: Database, taken: datetime) -> Iterator[str]:
    """Say what a restored database holds; raise Broken for what it lacks. ``taken`` is the time of its backup."""
    tables = restored.tables()
    if missing := NEEDED - tables:
        raise Broken(f"these tables are missing: {', '.join(sorted(missing))}")
    yield _same_schema(running, restored, tables)
    yield _same_newest_run(running, restored, taken)


def _same_schema(running: Database, restored: Database, tables: set[str]) -> str:
    theirs, ours = running.schema(), restored.schema()
    if theirs != ours:
        return f"{len(tables)} tables of schema {ours}; the running database has {theirs}, by a later migration"
    if missing := running.tables() - tables:
        raise Broken(f"these tables of the running database are missing: {', '.join(sorted(missing))}")
    return f"{len(tables)} tables, those of the running database, of the same schema {ours}"


def _same_newest_run(running: Database, restored: Database, taken: datetime) -> str:
    expected = running.newest_run(taken - SLACK)
    if not expected:
        return "no DAG run to look for: the running database has none that is older than the backup"
    found = restored.rows("select 1 from dag_run where id = %s and run_id = %s", expected[0], expected[2])
    if not found:
        raise Broken(f"the newest DAG run of that time is missing: {expected[1]} {expected[2]} of {expected[3]}")
    runs = restored.rows("select count(*) from dag_run")[0][0]
    return f"{runs} DAG runs, among them the newest of that time: {expected[1]} {expected[2]} of {expected[3]}"


def _advice(error: psycopg2.Error) -> str:
    if "password authentication failed" in str(error):
        return " (was the password changed after the backup? then --stage AWSPREVIOUS)"
    if isinstance(error, psycopg2.OperationalError):
        return " (run this where the database can be reached: on a host)"
    return ""
