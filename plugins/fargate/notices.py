"""Log lines about what goes on for a while: once a minute, with a count."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

EVERY_S = 60


@dataclass
class Notice:
    """What was said last, and what was held back since."""

    said_at: float = float("-inf")
    held_back: int = 0
    message: str = ""


class Notices:
    """Says a thing at once, and says it again after a minute with how often it happened since.

    The numbers of its lines add up to how often it happened; a line without one stands for a single time.
    Whoever warns calls ``tell`` now and then, so that the last ones are said as well. Safe to use from
    several threads.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._notices: dict[Hashable, Notice] = {}

    def warn(self, about: Hashable, message: str) -> None:
        """Log a warning, unless one about the same was logged less than a minute ago."""
        with self._lock:
            notice = self._notices.setdefault(about, Notice())
            notice.held_back += 1
            notice.message = message
        self.tell()

    def tell(self, at_once: bool = False) -> None:
        """Log what was held back for a minute.

        :param at_once: what was held back for less as well, since nobody will ask again
        """
        with self._lock:
            now = self._clock()
            due = [n for n in self._notices.values() if n.held_back and (at_once or now - n.said_at >= EVERY_S)]
            lines = [_line(notice) for notice in due]
            for notice in due:
                notice.said_at, notice.held_back = now, 0
        for line in lines:
            self._log.warning("%s", line)


def _line(notice: Notice) -> str:
    count = f" ({notice.held_back} times since the last such line)" if notice.held_back > 1 else ""
    return f"{notice.message}{count}"
