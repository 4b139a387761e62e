"""Launches that wait for their time: on demand and Spot each in a line of its own."""

import heapq
import itertools
import threading
import time
from dataclasses import dataclass

from fargate.launch import Launch

LONGEST_HOLD_S = 60.0
EVERYTHING = None  # a hold of both lines


@dataclass
class Hold:
    """A pause, twice as long each time until something passed."""

    until: float = 0.0
    seconds: float = 0.0


class Backlog:
    """What the launcher's threads take their next launch from. A line is True for Spot, False for on demand."""

    def __init__(self) -> None:
        self._lines: dict[bool, list[tuple[float, int, Launch]]] = {False: [], True: []}
        self._holds: dict[bool | None, Hold] = {line: Hold() for line in (False, True, EVERYTHING)}
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False

    def put(self, launch: Launch, at: float) -> None:
        """Keep a launch until ``at``, of the clock ``time.monotonic``."""
        with self._changed:
            heapq.heappush(self._lines[launch.on_spot], (at, next(self._order), launch))
            self._changed.notify()

    def next(self) -> Launch | None:
        """Wait for the next launch whose time has come; None: there are no more."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                due = {name: max(line[0][0], self._held_until(name)) for name, line in self._lines.items() if line}
                if ready := [self._lines[name] for name, at in due.items() if at <= now]:
                    return heapq.heappop(min(ready))[2]
                self._changed.wait(min(min(due.values(), default=float("inf")) - now, threading.TIMEOUT_MAX))
        return None

    def due(self, spare: int) -> int:
        """Count the launches whose time has come.

        Of those in a line that is held, ``spare`` do not count while the other line passes: they would take
        the room of what can be launched. What is beyond stays in Airflow's database, where it has an order.
        """
        now = time.monotonic()
        with self._changed:
            counts = {name: sum(at <= now for at, _, _ in line) for name, line in self._lines.items()}
            held = [counts[name] for name in counts if self._held_until(name) > now]
        return sum(counts.values()) - (min(sum(held), spare) if len(held) < len(counts) else 0)

    def hold(self, line: bool | None, first_s: float) -> None:
        """Let nothing of a line pass, or of both: for ``first_s`` seconds, and for twice as long each further time."""
        with self._changed:
            hold, now = self._holds[line], time.monotonic()
            if now >= hold.until:  # calls that were made together count once
                hold.seconds = min(LONGEST_HOLD_S, max(first_s, hold.seconds * 2))
                hold.until = now + hold.seconds

    def passed(self, line: bool) -> None:
        """Note that a launch of a line was made, so that its next hold is a short one."""
        with self._changed:
            self._holds[line].seconds = self._holds[EVERYTHING].seconds = 0.0

    def stop(self) -> None:
        """Give nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _held_until(self, line: bool) -> float:
        return max(self._holds[line].until, self._holds[EVERYTHING].until)
