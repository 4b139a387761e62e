"""A Postgres of a test's own, on a Unix socket."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from infra.local import postgres, processes
from infra.local.layout import Layout


class Server:
    def __init__(self, sockets: Path) -> None:
        self.url = f"postgresql+psycopg2://airflow@/postgres?host={sockets}"
        self._place = {"host": str(sockets), "user": "airflow", "dbname": "postgres"}

    def ask(self, statement: str) -> list[Any]:
        with closing(psycopg2.connect(**self._place)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    layout = Layout(folder, 1, 2, folder)
    layout.sockets.mkdir(parents=True)
    postgres.prepare(layout)
    process = subprocess.Popen(postgres.server_command(layout), stderr=(folder / "log").open("w"))
    try:
        deadline = time.monotonic() + 30
        while not postgres.ready(layout):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Server(layout.sockets)
    finally:
        processes.end_all([psutil.Process(process.pid)], grace_s=10)
