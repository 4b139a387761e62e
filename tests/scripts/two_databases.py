"""Two Postgres servers as the restore drill meets them: Airflow's database, and the one restored from its backup."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg2

from infra.local import postgres, processes
from infra.local.layout import Layout
from scripts.ports import free_port
from scripts.restored_database import NEEDED

RUNNING, RESTORED = "127.0.0.1", "127.0.0.2"
PASSWORD = "p%s-ss"
SCHEMA = [
    *(f"create table {name} (id int)" for name in sorted(NEEDED - {"alembic_version", "dag_run"})),
    "create table alembic_version (version_num text)",
    "insert into alembic_version values ('0123abc')",
    "create table dag_run (id int, dag_id text, run_id text, created_at timestamptz)",
]
RUN = "insert into dag_run values ({}, 'flights', 'run-{}', now() - interval '{} minutes')"


class Server:
    """A Postgres at an address, in which only Airflow's role may log in, with its password."""

    def __init__(self, folder: Path, address: str, port: int) -> None:
        self.url = f"postgresql+psycopg2://airflow:{PASSWORD.replace('%', '%25')}@{address}:{port}/airflow"
        self._admin = {"host": str(folder / "sockets"), "port": port, "user": "airflow", "dbname": "postgres"}
        layout = Layout(folder, 1, 2, folder)
        layout.sockets.mkdir(parents=True)
        postgres.prepare(layout)
        access = "local all all trust\nhost all all samehost scram-sha-256\n"
        (layout.database / "pg_hba.conf").write_text(access)
        settings = {"listen_addresses": address, "port": str(port), "unix_socket_directories": str(layout.sockets)}
        options = [part for pair in settings.items() for part in ("-c", "=".join(pair))]
        command = postgres.command("postgres", "-D", str(layout.database), *options, "-c", "fsync=off")
        self.process = subprocess.Popen(command, stderr=(folder / "log").open("w"))
        self._wait()
        self.do(f"alter role airflow password '{PASSWORD}'", dbname="postgres")
        self.do("create database airflow", dbname="postgres")

    def do(self, *statements: str, dbname: str = "airflow") -> None:
        with closing(psycopg2.connect(**self._admin | {"dbname": dbname})) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    def fill(self, *statements: str) -> None:
        self.do("drop schema public cascade", "create schema public", *statements)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg2.connect(**self._admin).close()
                return
            except psycopg2.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


@contextmanager
def two_servers(folder: Path) -> Iterator[dict[str, Server]]:
    """Give both, by their addresses; the port is the same."""
    port = free_port()
    servers = {host: Server(folder / host, host, port) for host in (RUNNING, RESTORED)}
    try:
        yield servers
    finally:
        processes.end_all([psutil.Process(server.process.pid) for server in servers.values()], grace_s=10)


def make_whole(servers: dict[str, Server]) -> None:
    """Let both hold the same, but for the runs of the last minutes."""
    servers[RESTORED].fill(*SCHEMA, RUN.format(1, 1, 90), RUN.format(2, 2, 60))
    servers[RUNNING].fill(*SCHEMA, RUN.format(1, 1, 90), RUN.format(2, 2, 60), RUN.format(3, 3, 5))
