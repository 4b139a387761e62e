"""The lock of deploys: one at a time, however many hosts there are.

What locks is an advisory lock of a session, which ends with the session, whatever killed the deploy. A
row beside it says to people whose it is. A row without its lock is that of a deploy that was killed.
"""

import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

import psycopg2

from fargate.deploy import database, role
from fargate.deploy.failure import HELD, Failure

KEY = 0x6465706C6F79  # "deploy"
RECONNECT_S = 60  # how long a deploy goes on trying when the database fails over
TABLE = """
CREATE SCHEMA IF NOT EXISTS deploy;
CREATE TABLE IF NOT EXISTS deploy.lock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    who text NOT NULL, host text NOT NULL, release text NOT NULL, step text NOT NULL, since timestamptz NOT NULL
)"""
PUT = """
INSERT INTO deploy.lock (who, host, release, step, since) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (one) DO UPDATE SET
    who = excluded.who, host = excluded.host, release = excluded.release, step = excluded.step, since = excluded.since
"""


class Lock:
    """The lock and its row, on a session of its own."""

    def __init__(self, who: str, host: str, release: str) -> None:
        self._row = [who, host, release]
        self._since = datetime.now(UTC)
        self._connection: Any = None

    def take(self) -> dict[str, Any] | None:
        """Take the lock; returns the row of a deploy that was killed while it had it.

        :raises Failure: when another deploy has it
        """
        self._connection = role.connect("airflow-deploy")
        if not _one(self._connection, "SELECT pg_try_advisory_lock(%s) AS it", KEY)["it"]:
            raise Failure(HELD, held_by(self._connection))
        database.rows(self._connection, TABLE)
        left = database.rows(self._connection, "SELECT * FROM deploy.lock")
        self._write("lock")
        return left[0] if left else None

    def step(self, name: str) -> None:
        """Note the step that begins. A session that broke is opened again, and the lock taken again."""
        deadline = time.monotonic() + RECONNECT_S
        while True:
            try:
                return self._write(name)
            except psycopg2.Error as error:
                if time.monotonic() > deadline:
                    raise Failure(HELD, f"the lock is lost, the database does not answer: {error}") from None
            time.sleep(1)
            self._again()

    def release(self) -> None:
        database.rows(self._connection, "DELETE FROM deploy.lock")
        self._connection.close()

    def _again(self) -> None:
        try:
            connection = database.connect("airflow-deploy")
        except psycopg2.Error:
            return  # the caller tries again
        if not _one(connection, "SELECT pg_try_advisory_lock(%s) AS it", KEY)["it"]:
            # perhaps it is our own old session, which the database has not yet found to be gone
            row = _one(connection, "SELECT who, host, release FROM deploy.lock")
            connection.close()
            if list(row.values()) != self._row:
                raise Failure(HELD, f"the lock was lost with its session, and is held by {row['who']} now")
            return
        self._connection = connection

    def _write(self, step: str) -> None:
        database.rows(self._connection, PUT, *self._row, step, self._since)


def hold(who: str, host: str, release: str, out: TextIO) -> None:
    """Take the lock, say so, and answer each step that is told on standard input, until that ends."""
    lock = Lock(who, host, release)
    left = lock.take()
    print(json.dumps({"left_behind": left and described(left)}), file=out, flush=True)
    if serve(lock, sys.stdin, out):
        lock.release()


def serve(lock: Lock, lines: Iterable[str], out: TextIO) -> bool:
    """Tell whether the deploy has ended. One that was killed says nothing, and its row stays."""
    for line in lines:
        if line.strip() == "release":
            return True
        lock.step(line.strip())
        print(json.dumps({"held": True}), file=out, flush=True)
    return False


def held_by(connection: Any) -> str:
    """Say whose the lock is."""
    try:
        row = database.rows(connection, "SELECT * FROM deploy.lock")
    except psycopg2.Error:
        row = []  # it was taken a moment ago, for the first time
    holder = described(row[0]) if row else "another deploy that has just begun"
    return f"the lock is held by {holder}. Wait for it; it frees itself when that deploy ends, however it ends"


def described(row: dict[str, Any]) -> str:
    since = row["since"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{row['who']} on {row['host']} since {since}, release {row['release']}, step {row['step']}"


def _one(connection: Any, statement: str, *values: object) -> dict[str, Any]:
    found = database.rows(connection, statement, *values)
    return found[0] if found else {}
