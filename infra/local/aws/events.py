"""Everything that ECS was asked and everything that became of its tasks, in order."""

import itertools
import threading
import time
from collections import deque
from typing import Any

KEPT = 200_000


class Events:
    """An ordered record of ECS calls (``kind: call``) and status changes (``kind: status``).

    Each event has ``seq`` (counts from 1, without gaps), ``at`` (Unix seconds) and its own
    fields. A call stands where it arrived; ``answered`` is when it was answered, ``started``
    lists the tasks that it started. The newest 200,000 are kept.
    """

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._seq = itertools.count(1)
        self._lock = threading.Lock()

    def call(self, action: str, **fields: Any) -> dict[str, Any]:
        """Record a call and return its event, whose outcome is filled in later."""
        outcome: dict[str, Any] = {"started": [], "error": None, "answered": None}
        return self._add({"kind": "call", "action": action, **fields, **outcome})

    def status(self, task_id: str, status: str, **fields: Any) -> None:
        self._add({"kind": "status", "task": task_id, "status": status, **fields})

    def since(self, seq: int = 0) -> list[dict[str, Any]]:
        """Return the events after number ``seq``, oldest first."""
        with self._lock:
            return [event for event in self._events if event["seq"] > seq]

    def _add(self, fields: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            event = {"seq": next(self._seq), "at": time.time(), **fields}
            self._events.append(event)
        return event
