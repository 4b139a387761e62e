"""One process at a time: a lock in Postgres, held by a connection and lost with it."""

import logging
import time
from collections.abc import Callable
from typing import Any

import psycopg2
from sqlalchemy.engine import make_url

log = logging.getLogger(__name__)

KEY = int.from_bytes(b"dagparse")  # of pg_advisory_lock; Airflow's own keys are small numbers
ASK_EVERY_S = 0.2
# the server takes a client for dead after idle + count * interval seconds; the client gives up before that
KEEPALIVE = {"keepalives_idle": 4, "keepalives_interval": 2, "keepalives_count": 3}
NO_ANSWER_MS = 5000


class Lost(ConnectionError):
    """The connection that held the lock is gone, and the lock with it."""


class Turn:
    """The right to be the one that runs. Postgres gives it to one connection at a time."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(
            **address(url),
            connect_timeout=10,
            application_name="fargate.turn",
            tcp_user_timeout=NO_ANSWER_MS,
            options=" ".join(f"-c tcp_{name}={value}" for name, value in KEEPALIVE.items()),
            **KEEPALIVE,
        )
        self._connection.autocommit = True

    def wait(self, meanwhile: Callable[[], None]) -> None:
        """Return when it is this process's turn; call ``meanwhile`` as long as it is not."""
        while not self._ask("SELECT pg_try_advisory_lock(%s)", KEY):
            meanwhile()
            time.sleep(ASK_EVERY_S)

    def check(self) -> None:
        """Make sure that the lock is still held.

        :raises Lost: when the connection has ended
        """
        self._ask("SELECT true")

    def fileno(self) -> int:
        return int(self._connection.fileno())

    def _ask(self, question: str, *values: object) -> bool:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(question, values)
                [answer] = cursor.fetchone() or [False]
        except psycopg2.Error as error:
            raise Lost(f"the connection that holds the lock is gone: {str(error).strip()}") from None
        return bool(answer)


def address(url: str) -> dict[str, Any]:
    """Return what psycopg2 needs to connect to where a URL of SQLAlchemy's leads."""
    parts = make_url(url)
    known = {"host": parts.host, "port": parts.port, "user": parts.username, "password": parts.password}
    return {name: value for name, value in known.items() if value} | {"dbname": parts.database, **parts.query}
