"""Errands are run one after the other by a thread of their own; one that fails keeps no other from it."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from fargate.errands import Errands


@pytest.fixture
def errands() -> Iterator[Errands]:
    made = Errands()
    made.start()
    yield made
    made.stop(within=5)


def test_they_are_run_in_their_order_by_one_other_thread(errands: Errands) -> None:
    done: list[tuple[int, str]] = []
    for number in range(100):
        errands.run(lambda number=number: done.append((number, threading.current_thread().name)))  # type: ignore[misc]
    errands.stop(within=5)
    assert done == [(number, "fargate-errands") for number in range(100)]


def test_nobody_waits_for_them(errands: Errands) -> None:
    release = threading.Event()
    begun = time.monotonic()
    errands.run(lambda: release.wait(5))
    errands.run(release.is_set)
    assert time.monotonic() - begun < 1
    release.set()


def test_one_that_fails_is_logged_and_the_next_is_run(errands: Errands, caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def stop_task() -> None:
        raise RuntimeError("no such task")

    errands.run(stop_task)
    errands.run(done.set)
    assert done.wait(5)
    [record] = [record for record in caplog.records if record.name == "fargate.errands"]
    assert record.levelno == logging.ERROR
    assert "stop_task" in record.getMessage()
    assert record.exc_info
    assert str(record.exc_info[1]) == "no such task"


class Empty(list[int]):
    """A call that is false."""

    def __call__(self) -> None:
        self.append(1)


def test_a_call_that_is_false_is_a_call(errands: Errands) -> None:
    first, second = Empty(), Empty()
    errands.run(first)
    errands.run(second)
    errands.stop(within=5)
    assert (first, second) == ([1], [1])


def test_the_end_does_not_wait_for_longer_than_it_may(errands: Errands) -> None:
    release, done = threading.Event(), threading.Event()
    errands.run(lambda: release.wait(5))
    errands.run(done.set)
    begun = time.monotonic()
    errands.stop(within=0.1)
    assert 0.1 <= time.monotonic() - begun < 2
    assert not done.is_set()
    release.set()
    assert done.wait(5)  # where the process lives on, what was there is finished


def test_what_comes_after_the_end_is_not_run(errands: Errands) -> None:
    errands.stop(within=5)
    late = threading.Event()
    errands.run(late.set)
    assert not late.wait(0.1)


def test_an_end_without_a_start_is_no_error() -> None:
    Errands().stop(within=0)
