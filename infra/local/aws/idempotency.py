"""Client tokens: the same RunTask twice is one launch.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
"""

import json
import threading
import time
from typing import Any

from moto.ecs.exceptions import ECSException

from infra.local.aws.task import FargateTask

TTL_S = 24 * 3600
AFTER_STOP_S = 3600


class ConflictException(ECSException):
    """The client token came before, with a different request."""

    code = "ConflictException"

    def __init__(self, tasks: list[FargateTask]) -> None:
        super().__init__(
            "The RunTask request could not be processed due to conflicts. The provided clientToken is "
            "already in use with a different RunTask request."
        )
        self.resource_ids = [task.arn for task in tasks]


class ClientTokens:
    """Remembers, per cluster, which tasks a client token started and with which request."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[str, float, list[FargateTask]]] = {}

    def replay(self, cluster_arn: str, request: dict[str, Any]) -> list[FargateTask] | None:
        """Return the tasks of an earlier, identical request with this token, or None.

        Raises ConflictException when the earlier request was a different one.
        """
        key = cluster_arn, request.get("clientToken") or ""
        body, at, tasks = self._seen.get(key, ("", 0.0, []))
        if not tasks or time.time() - at > TTL_S or all(_expired(task) for task in tasks):
            return None
        if body != _canonical(request):
            raise ConflictException(tasks)
        return tasks

    def remember(self, cluster_arn: str, request: dict[str, Any], tasks: list[FargateTask]) -> None:
        if request.get("clientToken"):
            self._seen[cluster_arn, request["clientToken"]] = _canonical(request), time.time(), tasks


def _canonical(request: dict[str, Any]) -> str:
    return json.dumps(request, sort_keys=True)


def _expired(task: FargateTask) -> bool:
    stopped = task.times.get("stoppedAt")
    return stopped is not None and time.time() - stopped.timestamp() > AFTER_STOP_S
