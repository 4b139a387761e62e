"""What a check finds."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"  # an apply goes through, and something is not as it should be
    STOP = "stop"  # an apply would fail, or make what does not work


@dataclass(frozen=True)
class Finding:
    level: Level
    check: str
    what: str
    todo: str = ""

    def lines(self) -> str:
        """Return it as text: what there is, and what to do."""
        first = f"{self.level:<9}{self.check:<13}{self.what}"
        return f"{first}\n{'':22}-> {self.todo}" if self.todo else first

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def ok(check: str, what: str) -> Finding:
    return Finding(Level.OK, check, what)


def warning(check: str, what: str, todo: str) -> Finding:
    return Finding(Level.WARNING, check, what, todo)


def stop(check: str, what: str, todo: str) -> Finding:
    return Finding(Level.STOP, check, what, todo)
