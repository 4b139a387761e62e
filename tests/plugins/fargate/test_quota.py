"""Token buckets: never faster than the account's, nearly as fast, and fair to each other."""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from fargate import quota
from fargate.quota import Quota, TokenBucket
from infra.local.aws import token_bucket

CALLS = Quota(burst=20, rate=20)
LAUNCHES = Quota(burst=100, rate=20)
FULL = 19.6  # a second, of those 20
JITTER_S = 0.1  # between a token and the moment at which AWS counts its call


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of our buckets and of the emulated account's."""
    made = Clock()
    monkeypatch.setattr(token_bucket, "time", SimpleNamespace(monotonic=made))
    return made


@dataclass
class Launcher:
    """So many calls to make with the tokens of a bucket, from a moment on; the times at which they passed."""

    bucket: TokenBucket
    left: int
    begin: float = 0.0
    passed: list[float] = field(default_factory=list)
    refused: int = 0

    def rate(self, since: float, until: float) -> float:
        return sum(since <= at < until for at in self.passed) / (until - since)


class Account:
    """An account of AWS, and the launchers that share it, event by event."""

    def __init__(self, clock: Clock, account: Quota, seed: int) -> None:
        self._clock, self._chance = clock, random.Random(seed)
        self._server = token_bucket.TokenBucket(account.burst, account.rate)
        self._due: list[tuple[float, int, Callable[[Launcher], None], Launcher]] = []
        self._order = itertools.count()

    def at(self, delay: float, event: Callable[[Launcher], None], launcher: Launcher) -> None:
        heapq.heappush(self._due, (self._clock.now + delay, next(self._order), event, launcher))

    def run(self) -> None:
        while self._due:
            self._clock.now, _, event, launcher = heapq.heappop(self._due)
            event(launcher)

    def token(self, launcher: Launcher) -> None:
        wait = launcher.bucket.take()
        if not wait:
            launcher.left -= 1
            self.at(self._chance.uniform(0, JITTER_S), self.call, launcher)
        if launcher.left:
            self.at(min(wait, quota.LOOK_AGAIN_S), self.token, launcher)

    def call(self, launcher: Launcher) -> None:
        if self._server.take():
            launcher.passed.append(self._clock.now)
            return
        launcher.refused += 1
        launcher.bucket.slow_down()
        self.at(self._chance.uniform(0.5, 1.5), self.again, launcher)

    def again(self, launcher: Launcher) -> None:
        launcher.left += 1
        if launcher.left == 1:
            self.at(0.0, self.token, launcher)


def run(clock: Clock, account: Quota, *launchers: Launcher, seed: int = 0) -> None:
    """Let launchers share an account until all calls have passed; what is refused is done again a second later."""
    shared = Account(clock, account, seed)
    for launcher in launchers:
        shared.at(launcher.begin, shared.token, launcher)
    shared.run()


def seconds(account: Quota, calls: int) -> float:
    """Return how long an account takes for so many calls, at best."""
    return (calls - account.burst) / account.rate


@pytest.mark.parametrize("account", [CALLS, LAUNCHES])
@pytest.mark.parametrize("calls", [300, 5000])
@pytest.mark.parametrize("seed", range(3))
def test_a_quiet_account_refuses_nothing_and_is_used(clock: Clock, account: Quota, calls: int, seed: int) -> None:
    launcher = Launcher(TokenBucket(account, clock), calls)
    run(clock, account, launcher, seed=seed)
    assert (len(launcher.passed), launcher.refused) == (calls, 0)
    assert seconds(account, calls) / max(launcher.passed) >= 0.95


@pytest.mark.parametrize("name", ["HEADROOM", "burst"])
def test_without_headroom_it_would_be_refused(clock: Clock, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    bucket = TokenBucket(CALLS, clock)
    if name == "HEADROOM":
        monkeypatch.setattr(quota, "HEADROOM", 1.06)
        bucket = TokenBucket(CALLS, clock)
    else:
        bucket._burst = bucket._tokens = 22
    launcher = Launcher(bucket, 1000)
    run(clock, CALLS, launcher)
    assert launcher.refused
    assert len(launcher.passed) == 1000


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_launchers_of_one_account_have_equal_shares_of_all_of_it(clock: Clock, count: int, seed: int) -> None:
    launchers = [Launcher(TokenBucket(CALLS, clock), 2000) for _ in range(count)]
    run(clock, CALLS, *launchers, seed=seed)
    assert [len(launcher.passed) for launcher in launchers] == [2000] * count
    first = min(max(launcher.passed) for launcher in launchers)  # the time in which all of them call
    rates = [launcher.rate(0, first) for launcher in launchers]
    assert max(rates) / min(rates) < 2
    assert sum(rates) >= 0.95 * CALLS.rate
    assert sum(launcher.refused for launcher in launchers) <= 0.03 * count * 2000 * count


@pytest.mark.parametrize("seed", range(3))
def test_who_comes_later_gets_an_equal_share_as_well(clock: Clock, seed: int) -> None:
    one, other = Launcher(TokenBucket(CALLS, clock), 5000), Launcher(TokenBucket(CALLS, clock), 3000, begin=60)
    run(clock, CALLS, one, other, seed=seed)
    assert one.rate(10, 60) > 0.95 * CALLS.rate
    rates = [launcher.rate(120, 240) for launcher in (one, other)]
    assert max(rates) / min(rates) < 2
    assert sum(rates) >= 0.95 * CALLS.rate


def taken(bucket: TokenBucket) -> int:
    """Return how many tokens there are, and take them."""
    return next(number for number in itertools.count() if bucket.take())


@pytest.mark.parametrize(
    ("account", "burst"),
    [(CALLS, 18), (LAUNCHES, 97), (Quota(1, 1), 1), (Quota(2, 1), 1), (Quota(3, 20), 1), (Quota(1000, 500), 979)],
)
def test_a_burst_is_a_little_less_than_the_accounts(clock: Clock, account: Quota, burst: int) -> None:
    bucket = TokenBucket(account, clock)
    assert taken(bucket) == burst
    clock.now += 1e6
    assert taken(bucket) == burst


def test_after_the_burst_the_next_token_is_a_matter_of_the_rate(clock: Clock) -> None:
    bucket = TokenBucket(CALLS, clock)
    taken(bucket)
    assert bucket.take() == pytest.approx(1 / 19.6)
    assert bucket.take() == pytest.approx(1 / 19.6)  # who asked has taken nothing
    clock.now += 0.5 / 19.6
    assert bucket.take() == pytest.approx(0.5 / 19.6)
    clock.now += bucket.take()
    assert bucket.take() == 0.0


def test_a_throttled_call_lowers_the_rate_and_takes_what_was_saved(clock: Clock) -> None:
    bucket = TokenBucket(CALLS, clock)
    assert bucket.rate == pytest.approx(FULL)
    bucket.slow_down()
    assert bucket.rate == pytest.approx(FULL * quota.DECREASE)
    assert bucket.take() == pytest.approx(1 / (FULL * quota.DECREASE))


def test_calls_that_are_throttled_together_count_once(clock: Clock) -> None:
    bucket, gain = TokenBucket(CALLS, clock), FULL / quota.RECOVERY_S
    for clock.now in (0.0, 0.1, 0.999):
        bucket.slow_down()
    assert bucket.rate == pytest.approx(FULL * quota.DECREASE + 0.999 * gain)
    clock.now = 1.0
    bucket.slow_down()
    assert bucket.rate == pytest.approx((FULL * quota.DECREASE + gain) * quota.DECREASE)


def test_the_whole_rate_comes_back(clock: Clock) -> None:
    bucket, whole_at = TokenBucket(CALLS, clock), (1 - quota.DECREASE) * quota.RECOVERY_S
    bucket.slow_down()
    clock.now = whole_at / 2
    assert bucket.rate == pytest.approx(FULL * (1 + quota.DECREASE) / 2)
    clock.now = whole_at - 0.1
    assert bucket.rate < FULL
    for clock.now in (whole_at + 0.1, 300.0):
        assert bucket.rate == pytest.approx(FULL)


def test_it_never_stands_still(clock: Clock) -> None:
    bucket = TokenBucket(Quota(1, 1), clock)
    for clock.now in range(100):
        bucket.slow_down()
    assert bucket.rate >= 0.5
    assert bucket.take() <= 2.0


def test_threads_take_as_many_as_there_are(clock: Clock) -> None:
    bucket, ready, counts = TokenBucket(Quota(1000, 1), clock), threading.Barrier(8), []

    def take() -> None:
        ready.wait()
        counts.append(taken(bucket))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 979


def test_waiting_threads_get_a_token_each_at_the_rate() -> None:
    bucket, stop, got = TokenBucket(Quota(3, 200)), threading.Event(), []
    threads = [threading.Thread(target=lambda: got.append(bucket.wait(stop))) for _ in range(20)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [True] * 20
    assert time.monotonic() - begun >= 19 / 196


def test_who_waits_is_let_go_when_all_ends() -> None:
    bucket, stop, got = TokenBucket(Quota(1, 1)), threading.Event(), []
    bucket.slow_down()  # the next token is there in two seconds
    threads = [threading.Thread(target=lambda: got.append(bucket.wait(stop))) for _ in range(8)]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join(1.5)
    assert got == [False] * 8


def test_nothing_is_begun_after_the_end() -> None:
    bucket, stop = TokenBucket(CALLS), threading.Event()
    assert bucket.wait(stop)
    stop.set()
    assert not bucket.wait(stop)
