"""A line at once, then one a minute with a count."""

import logging
import threading

import pytest

from fargate.notices import Notices

LOG = logging.getLogger("fargate.test")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notices(clock: Clock, caplog: pytest.LogCaptureFixture) -> Notices:
    caplog.set_level(logging.WARNING)
    return Notices(LOG, clock)


def test_the_first_is_said_at_once_as_a_warning(notices: Notices, caplog: pytest.LogCaptureFixture) -> None:
    notices.warn("kind", "100 % of it is gone")
    assert caplog.record_tuples == [("fargate.test", logging.WARNING, "100 % of it is gone")]


def test_a_minute_is_summed_up_in_its_last_line(
    notices: Notices, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for at in (0, 1, 59.9, 60, 61, 119.9, 120, 600):
        clock.now = 1000 + at
        notices.warn("kind", f"at {at}")
    assert caplog.messages == [
        "at 0",
        "at 60 (3 times since the last such line)",
        "at 120 (3 times since the last such line)",
        "at 600",
    ]


def test_what_was_held_back_is_told_after_a_minute(
    notices: Notices, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """36 throttled calls in 30 s, and none after them."""
    for _ in range(36):
        notices.warn("kind", "throttled")
        clock.now += 30 / 36
    notices.tell()
    assert caplog.messages == ["throttled"]
    clock.now = 1060
    notices.tell()
    assert caplog.messages[1:] == ["throttled (35 times since the last such line)"]
    clock.now = 2000
    notices.tell()
    assert len(caplog.messages) == 2


def test_a_single_one_that_was_held_back_has_no_number(
    notices: Notices, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    notices.warn("kind", "the first")
    notices.warn("kind", "the last")
    clock.now += 60
    notices.tell()
    assert caplog.messages == ["the first", "the last"]


def test_at_the_end_all_is_told(notices: Notices, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        notices.warn("kind", "throttled")
    notices.tell(at_once=True)
    notices.tell(at_once=True)
    assert caplog.messages == ["throttled", "throttled (2 times since the last such line)"]


def test_each_thing_has_lines_of_its_own(notices: Notices, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    for about in ("one", "other", "one", "other"):
        notices.warn(about, f"the {about}")
    assert caplog.messages == ["the one", "the other"]


def test_nothing_is_lost_between_threads(notices: Notices, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def warn() -> None:
        for _ in range(500):
            notices.warn("kind", "it goes on")

    threads = [threading.Thread(target=warn) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.now += 60
    notices.warn("kind", "it goes on")
    assert caplog.messages == ["it goes on", "it goes on (4000 times since the last such line)"]
