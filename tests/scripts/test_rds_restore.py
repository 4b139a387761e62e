"""The wait for an instance that RDS makes of a backup. moto only has ``available``: the states are the test's own."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from scripts import rds_restore
from scripts.rds_restore import Backup
from tests.scripts.conftest import Clock


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., list[str]]:
    """A function that waits for an instance which goes through these states, 15 s each; returns what is told."""
    monkeypatch.setattr(rds_restore, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))

    def wait(*states: str, seconds: float = 5400) -> list[str]:
        told: list[str] = []
        monkeypatch.setattr(rds_restore, "instance", lambda *_: {})
        restored = rds_restore.Restored(None, "x", Backup("", datetime.now(UTC), ""), keep=False, tell=told.append)
        restored.name = "x"
        left = iter(states)
        answer = {"Endpoint": {"Address": "there"}}
        monkeypatch.setattr(rds_restore, "instance", lambda *_: answer | {"DBInstanceStatus": next(left)})
        restored.wait(seconds)
        return told

    return wait


def test_progress_is_told_with_each_state_and_each_minute(slow: Callable[..., list[str]]) -> None:
    told = slow(*["creating"] * 6, "backing-up", "available")
    assert told == [
        "  0 min  0 s  x: creating",
        "  1 min  0 s  x: creating",
        "  1 min 30 s  x: backing-up",
        "  1 min 45 s  x: available",
    ]


@pytest.mark.parametrize("state", ["failed", "incompatible-parameters", "storage-full"])
def test_a_state_that_leads_nowhere_ends_the_wait(state: str, slow: Callable[..., list[str]]) -> None:
    with pytest.raises(rds_restore.TookTooLong, match=f"x is {state} after 15 s"):
        slow("creating", state)


def test_the_wait_has_an_end(slow: Callable[..., list[str]]) -> None:
    with pytest.raises(rds_restore.TookTooLong, match="x is creating after 105 s"):
        slow(*["creating"] * 20, seconds=100)
