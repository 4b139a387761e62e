"""How long no scheduler decided anything, seen from the database."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LOOK_EVERY_S = 0.2
# a scheduler writes this for each running run that it looks at, which is what a loop of it begins with
STALE = """
    SELECT extract(epoch FROM clock_timestamp() - max(last_scheduling_decision)), count(*)
    FROM dag_run WHERE state = 'running'
"""


@dataclass
class Decisions:
    """Seconds since the last decision about a running run, looked at all the time; ``with`` begins and ends it."""

    ask: Callable[[str], list[Any]]
    longest_s: float = 0.0
    looks: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Decisions":
        self._thread = threading.Thread(target=self._watch, name="decisions", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            [(seconds, running)] = self.ask(STALE)
            if running and seconds is not None:
                self.looks += 1
                self.longest_s = max(self.longest_s, float(seconds))
