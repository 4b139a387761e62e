"""Which cases are measured, how often, and with which class."""

from dataclasses import dataclass
from enum import StrEnum

LARGE = 1000  # tasks; from there on the goal is a share of the quota
LONGEST_STOCK_S = 600  # stock calls one after the other, so how long it takes is known


class Kind(StrEnum):
    """What is done to the stack, in the order in which it is done."""

    LAUNCH = "launch"
    SHARED = "shared"
    ADOPTION = "adoption"
    FAILURE = "failure"


@dataclass(frozen=True)
class Case:
    """One measurement: ``count`` mapped tasks, and ``latency`` milliseconds for a RunTask call."""

    kind: Kind
    count: int = 0
    latency: float = 0

    @property
    def title(self) -> str:
        match self.kind:
            case Kind.LAUNCH:
                return f"{self.count} mapped tasks, {self.latency:g} ms a call"
            case Kind.SHARED:
                return f"two schedulers in one account, 2 × {self.count} mapped tasks"
            case Kind.ADOPTION:
                return f"the scheduler dies while it launches {self.count} tasks, {self.latency:g} ms a call"
            case Kind.FAILURE:
                return "the container of a running task dies"

    def runs(self, executor: str, wanted: int) -> int:
        """Return how often this class is measured: not at all where it would take too long."""
        if executor == "stock" and self.kind is Kind.LAUNCH and self.count * self.latency / 1000 > LONGEST_STOCK_S:
            return 0
        return 1 if self.kind is Kind.FAILURE else wanted  # as many containers, of one DAG run


def cases(kinds: list[Kind], counts: list[int], latencies: list[float]) -> list[Case]:
    """Return the cases of these kinds in the order of ``Kind``; only launches have several sizes."""
    launches = [Case(Kind.LAUNCH, count, latency) for latency in latencies for count in counts]
    others = [Case(Kind.SHARED, 300), Case(Kind.ADOPTION, 100, 100), Case(Kind.FAILURE)]
    return [case for case in (*launches, *others) if case.kind in kinds]
