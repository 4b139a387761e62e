"""A token bucket, the shape in which AWS documents its rate quotas."""

import threading
import time


class TokenBucket:
    """Holds up to ``burst`` tokens and gains ``rate`` of them a second."""

    def __init__(self, burst: float, rate: float) -> None:
        self.burst, self.rate = burst, rate
        self._tokens = float(burst)
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def take(self, tokens: int = 1) -> bool:
        """Take ``tokens`` and return True, or take nothing and return False."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
            if self._tokens < tokens:
                return False
            self._tokens -= tokens
            return True
