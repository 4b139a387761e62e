"""How a job of the pipeline ends when it cannot go on."""

import sys
from collections.abc import Callable


class Stop(Exception):
    """What is wrong and what to do, for whoever reads the job's log; and the job's exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def told(job: Callable[[], int | None]) -> int:
    """Run a job; say why it stopped, and return its exit code."""
    try:
        return job() or 0
    except Stop as stop:
        print(f"error: {stop}", file=sys.stderr)
        return stop.code
