"""The awslogs driver: a container's output, line by line, into CloudWatch Logs."""

import logging
import time
from pathlib import Path
from typing import Any

from moto.logs.models import LogsBackend, logs_backends

from infra.local.aws.container import CannotStart

log = logging.getLogger(__name__)


class LogStream:
    """Ships what a container wrote to ``<prefix>/<container>/<task id>`` of its log group.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """

    def __init__(self, options: dict[str, str], container: str, task_id: str, account: str) -> None:
        self.group = options["awslogs-group"]
        self.name = f"{options['awslogs-stream-prefix']}/{container}/{task_id}"
        self._backend: LogsBackend = logs_backends[account][options["awslogs-region"]]
        self._offset = 0
        if self.group not in self._backend.groups:
            self._create_group(options)
        self._backend.ensure_log_stream(self.group, self.name)

    def _create_group(self, options: dict[str, str]) -> None:
        if options.get("awslogs-create-group") != "true":
            raise CannotStart(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried "
                "1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: "
                "The specified log group does not exist."
            )
        self._backend.create_log_group(self.group, {})

    def ship(self, output: Path, *, ended: bool) -> None:
        """Send the whole lines since the last call; the last, unended one once all has ended."""
        with output.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        whole = len(new) if ended else new.rfind(b"\n") + 1
        self._offset += whole
        lines = new[:whole].decode(errors="replace").split("\n")
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line]
        if events:
            self._put(events)

    def _put(self, events: list[dict[str, Any]]) -> None:
        group = self._backend.groups.get(self.group)
        if group and self.name in group.streams:
            group.put_log_events(self.name, events)
        else:
            log.warning("%d lines are lost: %s of %s was deleted", len(events), self.name, self.group)
