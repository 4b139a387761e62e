"""What became of each request: counts by kind and by failure, and the longest time without a success."""

import time
from collections import Counter as Counts
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tally:
    """The requests of one kind."""

    ok: int = 0
    failures: Counts[str] = field(default_factory=Counts)
    last_success: float = 0.0
    longest_gap: float = 0.0
    slowest: float = 0.0
    colours: Counts[str] = field(default_factory=Counts)

    def gap_until(self, now: float) -> float:
        """Return the seconds since the last success; before the first there is no gap."""
        return now - self.last_success if self.ok else 0.0


class Counter:
    def __init__(self) -> None:
        self.started = time.monotonic()
        self.ended: float | None = None
        self.tallies: dict[str, Tally] = {}
        self.examples: list[dict[str, Any]] = []

    def _tally(self, kind: str) -> Tally:
        return self.tallies.setdefault(kind, Tally())

    def ok(self, kind: str, seconds: float, server: str = "") -> None:
        tally, now = self._tally(kind), time.monotonic()
        tally.longest_gap = max(tally.longest_gap, tally.gap_until(min(now, self.ended or now)))
        tally.last_success = now
        tally.slowest = max(tally.slowest, seconds)
        tally.ok += 1
        if server:
            tally.colours[server] += 1

    def failed(self, kind: str, failure: str, detail: str = "") -> None:
        self._tally(kind).failures[failure] += 1
        if len(self.examples) < 20:
            at = round(time.monotonic() - self.started, 3)
            self.examples.append({"at": at, "kind": kind, "failure": failure, "detail": detail[:200]})

    def end(self) -> None:
        """Nothing more is sent: from here on a time without an answer is no gap."""
        self.ended = time.monotonic()

    @property
    def failures(self) -> int:
        return sum(tally.failures.total() for tally in self.tallies.values())

    @property
    def successes(self) -> int:
        return sum(tally.ok for tally in self.tallies.values())

    def result(self) -> dict[str, Any]:
        """Return all that was counted, ready for JSON."""
        now = self.ended or time.monotonic()
        return {
            "seconds": round(now - self.started, 1),
            "ok": self.successes,
            "failed": self.failures,
            "failures": dict(sum((tally.failures for tally in self.tallies.values()), Counts())),
            "kinds": {kind: _figures(tally, now) for kind, tally in sorted(self.tallies.items())},
            "examples": self.examples,
        }


def _figures(tally: Tally, now: float) -> dict[str, Any]:
    return {
        "ok": tally.ok,
        "failed": tally.failures.total(),
        "failures": dict(tally.failures),
        "longest_gap_s": round(max(tally.longest_gap, tally.gap_until(now)), 3),
        "slowest_s": round(tally.slowest, 3),
        "answered_by": dict(tally.colours),
    }
