"""Errands are run one after the other by a thread of their own; one that fails is done again, for a while."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from fargate import errands as module
from fargate.errands import TRIES, Errands
from tests.plugins.fargate.cloud import eventually

LEFT = "the task t-1 still runs"


@pytest.fixture
def errands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Errands]:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.001)
    made = Errands()
    made.start()
    yield made
    made.stop(within=5)


def test_they_are_run_in_their_order_by_one_other_thread(errands: Errands) -> None:
    done: list[tuple[int, str]] = []
    for number in range(100):
        errands.run(lambda number=number: done.append((number, threading.current_thread().name)), LEFT)  # type: ignore[misc]
    errands.stop(within=5)
    assert done == [(number, "fargate-errands") for number in range(100)]


def test_nobody_waits_for_them(errands: Errands) -> None:
    release = threading.Event()
    begun = time.monotonic()
    errands.run(lambda: release.wait(5), LEFT)
    errands.run(release.is_set, LEFT)
    assert time.monotonic() - begun < 1
    release.set()


def said(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "fargate.errands" and r.levelno == level]


def failing(times: float) -> tuple[Callable[[], None], list[float]]:
    """Return a call that fails so often, and the times at which it was made."""
    made: list[float] = []

    def stop_task() -> None:
        made.append(time.monotonic())
        if len(made) <= times:
            raise RuntimeError("Rate exceeded")

    return stop_task, made


def test_one_that_fails_is_done_again_until_it_succeeds(errands: Errands, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stop_task, made = failing(times=TRIES - 1)
    errands.run(stop_task, LEFT)
    eventually(lambda: len(made) == TRIES)
    errands.stop(within=5)
    assert len(made) == TRIES
    assert said(caplog, logging.WARNING) == ["a call failed and is made again: RuntimeError: Rate exceeded"]
    assert said(caplog, logging.ERROR) == []


def test_one_that_fails_for_good_is_given_up_and_the_log_says_what_is_left(
    errands: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    stop_task, made = failing(times=float("inf"))
    errands.run(stop_task, LEFT)
    eventually(lambda: said(caplog, logging.ERROR))
    time.sleep(0.05)
    assert len(made) == TRIES
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == f"{LEFT}. Given up after try {TRIES}: Rate exceeded"
    assert record.exc_info
    assert str(record.exc_info[1]) == "Rate exceeded"


def test_it_waits_longer_each_time(errands: Errands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(module, "LONGEST_DELAY_S", 0.16)
    stop_task, made = failing(times=5)
    errands.run(stop_task, LEFT)
    eventually(lambda: len(made) == 6)
    waits = [after - before for before, after in itertools.pairwise(made)]
    assert all(wait >= least for wait, least in zip(waits, (0.01, 0.02, 0.04, 0.08, 0.08), strict=True)), waits


def test_no_two_wait_for_the_same_time(errands: Errands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 60.0)
    calls = [failing(times=1) for _ in range(20)]
    for call, _ in calls:
        errands.run(call, LEFT)
    eventually(lambda: all(made for _, made in calls) and len(errands._waiting) == len(calls))
    delays = [at - time.monotonic() for at in sorted(errand.at for errand in errands._waiting)]
    assert delays[-1] - delays[0] > 10
    assert 25 < delays[0] < delays[-1] < 91


def test_they_are_tried_for_some_minutes() -> None:
    delays = [min(module.LONGEST_DELAY_S, module.FIRST_DELAY_S * 2**n) for n in range(TRIES - 1)]
    assert sum(delays) == 182


def test_the_others_do_not_wait_for_one_that_failed(errands: Errands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 60.0)
    done = threading.Event()
    errands.run(failing(times=1)[0], LEFT)
    errands.run(done.set, LEFT)
    assert done.wait(5)


class Empty(list[int]):
    """A call that is false."""

    def __call__(self) -> None:
        self.append(1)


def test_a_call_that_is_false_is_a_call(errands: Errands) -> None:
    first, second = Empty(), Empty()
    errands.run(first, LEFT)
    errands.run(second, LEFT)
    errands.stop(within=5)
    assert (first, second) == ([1], [1])


def test_the_end_does_not_wait_for_longer_than_it_may(errands: Errands) -> None:
    release, done = threading.Event(), threading.Event()
    errands.run(lambda: release.wait(5), LEFT)
    errands.run(done.set, LEFT)
    begun = time.monotonic()
    errands.stop(within=0.1)
    assert 0.1 <= time.monotonic() - begun < 2
    assert not done.is_set()
    release.set()
    assert done.wait(5)  # where the process lives on, what was there is finished


@pytest.mark.parametrize(("times", "logged"), [(1, []), (2, [f"{LEFT}. Given up after try 2: Rate exceeded"])])
def test_at_the_end_one_that_failed_is_tried_once_more_at_once(
    errands: Errands,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    times: int,
    logged: list[str],
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 60.0)
    stop_task, made = failing(times)
    errands.run(stop_task, LEFT)
    eventually(lambda: made and errands._waiting)
    begun = time.monotonic()
    errands.stop(within=5)
    assert time.monotonic() - begun < 2
    assert len(made) == 2
    assert said(caplog, logging.ERROR) == logged


def test_the_end_says_what_had_no_answer(errands: Errands, caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    errands.run(lambda: release.wait(5), "the first")
    errands.run(release.is_set, "the second")
    eventually(lambda: errands._doing)
    errands.stop(within=0.1)
    release.set()
    expected = "{}. The scheduler ended before the call was answered."
    assert said(caplog, logging.ERROR) == [expected.format("the first"), expected.format("the second")]


def test_what_comes_after_the_end_is_not_run_and_the_log_says_so(
    errands: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    errands.stop(within=5)
    late = threading.Event()
    errands.run(late.set, LEFT)
    assert not late.wait(0.1)
    assert said(caplog, logging.ERROR) == [f"{LEFT}. The scheduler ended before the call was answered."]


def test_an_end_without_a_start_is_no_error() -> None:
    Errands().stop(within=0)
