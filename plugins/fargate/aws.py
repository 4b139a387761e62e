"""The clients of AWS that the executor uses, made when they are first needed."""

import threading
from typing import Any

from botocore.config import Config

CONNECT_S = 5
ANSWER_S = 10  # RunTask answers within a second or two; a longer wait is a lost answer


class Aws:
    """Clients of one Airflow connection, or of the role of this process. Safe to use from several threads.

    A client without credentials or region cannot be made: that is an error of the call that needs
    it, and not of the start of the scheduler.
    """

    def __init__(self, connection: str | None, region: str | None, threads: int) -> None:
        self._connection, self._region = connection, region
        # repeating is the launcher's business, which knows what a repetition costs and when to slow down
        self._config = Config(
            max_pool_connections=threads + 2,
            connect_timeout=CONNECT_S,
            read_timeout=ANSWER_S,
            retries={"total_max_attempts": 1},
        )
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    @property
    def ecs(self) -> Any:
        return self._client("ecs")

    @property
    def s3(self) -> Any:
        return self._client("s3")

    def forget(self) -> None:
        """Make the clients anew, with the credentials that are there then."""
        with self._lock:
            self._clients.clear()

    def _client(self, service: str) -> Any:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

        with self._lock:
            if service not in self._clients:
                hook: Any = AwsGenericHook(
                    aws_conn_id=self._connection, region_name=self._region, client_type=service, config=self._config
                )
                self._clients[service] = hook.conn
            return self._clients[service]
