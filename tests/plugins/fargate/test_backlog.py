"""Launches that wait: by their time, on demand and Spot each in a line that can be held."""

import itertools
import threading
from types import SimpleNamespace

import pytest

from fargate.backlog import EVERYTHING, LONGEST_HOLD_S, Backlog
from fargate.launch import Launch

ON_DEMAND, SPOT = False, True
STRATEGY = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("fargate.backlog.time", SimpleNamespace(monotonic=made))
    return made


@pytest.fixture
def backlog(clock: Clock) -> Backlog:
    return Backlog()


def put(backlog: Backlog, at: float, *names: str) -> None:
    """Put launches there, those on Spot with a name that begins with s."""
    for name in names:
        backlog.put(Launch(name, name, None, STRATEGY if name.startswith("s") else {}), at)  # type: ignore[arg-type]


def taken(backlog: Backlog, count: int) -> list[str]:
    found = [backlog.next() for _ in range(count)]
    return [launch.launch_id for launch in found if launch]


def test_what_is_due_first_goes_first_whatever_its_line(backlog: Backlog) -> None:
    put(backlog, 999, "d1", "s1", "s2", "d2")
    put(backlog, 998, "s0")
    put(backlog, 2000, "d9")
    assert taken(backlog, 5) == ["s0", "d1", "s1", "s2", "d2"]
    assert backlog.due(0) == 0


@pytest.mark.parametrize(("line", "passing", "held"), [(SPOT, "d", "s"), (ON_DEMAND, "s", "d")])
def test_a_line_that_is_held_lets_the_other_pass(
    backlog: Backlog, clock: Clock, line: bool, passing: str, held: str
) -> None:
    put(backlog, 1000, f"{held}1", f"{held}2")
    backlog.hold(line, 5)
    put(backlog, 1000, f"{passing}1", f"{passing}2")
    assert taken(backlog, 2) == [f"{passing}1", f"{passing}2"]
    put(backlog, 1001, f"{passing}3")
    clock.now = 1005
    assert taken(backlog, 3) == [f"{held}1", f"{held}2", f"{passing}3"]  # no longer held, by its own time


def test_a_hold_of_everything_holds_both(backlog: Backlog, clock: Clock) -> None:
    backlog.hold(EVERYTHING, 5)
    put(backlog, 1000, "d1", "s1")
    got: list[str] = []
    taking = threading.Thread(target=lambda: got.extend(taken(backlog, 2)))
    taking.start()
    taking.join(0.1)
    assert (taking.is_alive(), got) == (True, [])
    clock.now = 1005
    put(backlog, 1000, "d2")  # the clock stands still for who waits: a launch wakes it
    taking.join(5)
    assert got == ["d1", "s1"]


def test_a_hold_is_twice_as_long_each_time_until_something_passed(backlog: Backlog, clock: Clock) -> None:
    lengths = []
    for _ in range(6):
        backlog.hold(SPOT, 5)
        backlog.hold(SPOT, 5)  # a call that was made together with the other
        lengths.append(backlog._holds[SPOT].until - clock.now)
        clock.now += lengths[-1]
    assert lengths == [5, 10, 20, 40, LONGEST_HOLD_S, LONGEST_HOLD_S]
    backlog.passed(ON_DEMAND)
    backlog.hold(SPOT, 5)
    assert backlog._holds[SPOT].until - clock.now == LONGEST_HOLD_S
    clock.now += LONGEST_HOLD_S
    backlog.passed(SPOT)
    backlog.hold(SPOT, 5)
    assert backlog._holds[SPOT].until - clock.now == 5


def test_what_is_due_counts(backlog: Backlog, clock: Clock) -> None:
    put(backlog, 1000, "d1", "d2", "s1")
    put(backlog, 1001, "d3", "s2")
    assert backlog.due(spare=10) == 3
    clock.now = 1001
    assert backlog.due(spare=10) == 5
    taken(backlog, 1)
    assert backlog.due(spare=10) == 4


def test_what_is_held_leaves_room_for_the_other_line_and_not_for_all_of_its_own(backlog: Backlog, clock: Clock) -> None:
    put(backlog, 1000, *(f"s{n}" for n in range(30)), "d1")
    backlog.hold(SPOT, 5)
    counts = {spare: backlog.due(spare) for spare in (0, 20, 30, 40)}
    assert counts == {0: 31, 20: 11, 30: 1, 40: 1}
    backlog.hold(ON_DEMAND, 5)
    assert backlog.due(40) == 31  # none passes, so that no more is to be taken
    clock.now = 1005
    assert backlog.due(40) == 31
    backlog.hold(EVERYTHING, 5)
    assert backlog.due(40) == 31


def test_a_stop_wakes_those_who_wait(backlog: Backlog) -> None:
    put(backlog, 2000, "d1")
    got: list[Launch | None] = []
    waiting = [threading.Thread(target=lambda: got.append(backlog.next())) for _ in range(3)]
    for thread in waiting:
        thread.start()
    backlog.stop()
    for thread in waiting:
        thread.join(5)
    assert got == [None] * 3


def test_threads_take_each_launch_once(backlog: Backlog) -> None:
    got: list[str] = []
    put(backlog, 1000, *(f"{line}{n}" for line, n in itertools.product("ds", range(200))))
    threads = [threading.Thread(target=lambda: got.extend(taken(backlog, 50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(got) == len(set(got)) == 400
