"""Log lines about what goes on for a while: once a minute, with a count."""

import logging
import threading
import time
from collections.abc import Callable, Hashable

EVERY_S = 60


class Notices:
    """Says a thing at once, and says it again after a minute with how often it happened since."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._said_at: dict[Hashable, float] = {}
        self._since: dict[Hashable, int] = {}

    def warn(self, about: Hashable, message: str) -> None:
        """Log a warning, unless one about the same was logged less than a minute ago."""
        with self._lock:
            count = self._since[about] = self._since.get(about, 0) + 1
            if self._clock() - self._said_at.get(about, float("-inf")) < EVERY_S:
                return
            self._said_at[about], self._since[about] = self._clock(), 0
        self._log.warning("%s%s", message, f" ({count} times since the last such line)" if count > 1 else "")
