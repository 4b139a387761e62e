"""Postgres at an address that containers reach, with a master as RDS has one, and nothing of Airflow's yet."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from infra.local import postgres

SUPERUSER, MASTER, PASSWORD = "postgres", "master", "master-password"
ACCESS = "local all all trust\nhost all all all scram-sha-256\n"


class HostPostgres:
    """The server; ``stop`` and ``start`` are an outage."""

    def __init__(self, folder: Path, address: str, port: int) -> None:
        self._address, self.port = address, port
        self._data, self._sockets, self._log = folder / "data", folder / "run", folder / "log"
        self._make()
        self.start()
        self._first()

    def start(self) -> None:
        settings = {
            "listen_addresses": self._address,
            "port": str(self.port),
            "unix_socket_directories": str(self._sockets),
            "max_connections": "200",
            "fsync": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = postgres.command("postgres", "-D", str(self._data), *options)
        with self._log.open("a") as log:
            self._process = subprocess.Popen(command, stderr=log, stdout=log)
        self._until_ready(time.monotonic() + 30)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once, as a crash is
        self._process.wait(30)

    def do(self, statement: str, *values: object, dbname: str = "airflow") -> list[Any]:
        """Run a statement as the superuser; returns its rows, if it has any."""
        place = {"host": str(self._sockets), "port": self.port, "user": SUPERUSER, "dbname": dbname}
        with closing(psycopg2.connect(**place)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []

    def _make(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        for folder in (self._data, self._sockets):
            folder.mkdir(mode=0o700, parents=True)
            if os.geteuid() == 0:
                shutil.chown(folder, postgres.UNPRIVILEGED)
        options = [f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", "--no-sync", f"--pgdata={self._data}"]
        subprocess.run(postgres.command("initdb", *options), check=True, capture_output=True, cwd=self._data)
        (self._data / "pg_hba.conf").write_text(ACCESS)

    def _first(self) -> None:
        """Do what RDS does for a new database."""
        if self.do("SELECT 1 FROM pg_roles WHERE rolname = %s", MASTER, dbname="postgres"):
            return
        self.do(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'", dbname="postgres")
        self.do(f"CREATE DATABASE airflow OWNER {MASTER}", dbname="postgres")
        self.do(f"ALTER SCHEMA public OWNER TO {MASTER}")

    def _until_ready(self, deadline: float) -> None:
        while True:
            try:
                self.do("SELECT 1", dbname="postgres")
                return
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
