"""Small calls to AWS that nobody waits for, one after the other in a thread of their own."""

import heapq
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fargate.notices import Notices

log = logging.getLogger(__name__)

# 2, 4, 8, 16, 32, 60 and 60 s lie between the tries: three minutes, more or less
TRIES = 8
FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 60.0
ENDED = "%s. The scheduler ended before the call was answered."


@dataclass(order=True)
class Errand:
    """A call whose time comes at ``at``, a time of ``time.monotonic``."""

    at: float
    order: int
    call: Callable[[], object] = field(compare=False)
    undone: str = field(compare=False)
    tries: int = field(default=0, compare=False)


class Errands:
    """Runs calls in the background; one that fails is done again, and the others go on meanwhile."""

    def __init__(self) -> None:
        self._waiting: list[Errand] = []
        self._doing: Errand | None = None
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._ending = False
        self._notices = Notices(log)
        self._thread = threading.Thread(target=self._work, name="fargate-errands", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, call: Callable[[], object], undone: str) -> None:
        """Have a call made.

        :param undone: what the log says in case that it never succeeds: what is left, and what to do about it
        """
        if self._ending:
            log.error(ENDED, undone)
        else:
            self._put(Errand(time.monotonic(), next(self._order), call, undone))

    def stop(self, within: float) -> None:
        """Finish what there is, in at most ``within`` seconds: what failed before is tried once more, at once."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(within)
        with self._changed:
            left = [*([self._doing] if self._doing else ()), *sorted(self._waiting)]
        for errand in left:
            log.error(ENDED, errand.undone)

    def _put(self, errand: Errand) -> None:
        with self._changed:
            heapq.heappush(self._waiting, errand)
            self._changed.notify()

    def _next(self) -> Errand | None:
        """Wait for the next errand whose time has come; None: this is the end, and there are no more."""
        with self._changed:
            self._doing = None
            while not self._ending:
                wait = self._waiting[0].at - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    break
                self._changed.wait(wait)
            self._doing = heapq.heappop(self._waiting) if self._waiting else None
            return self._doing

    def _work(self) -> None:
        while errand := self._next():
            try:
                errand.call()
            except Exception as error:
                self._failed(errand, error)

    def _failed(self, errand: Errand, error: Exception) -> None:
        errand.tries += 1
        if self._ending or errand.tries == TRIES:
            log.error("%s. Given up after try %s: %s", errand.undone, errand.tries, error, exc_info=error)
            return
        self._notices.warn(type(error).__name__, f"a call failed and is made again: {type(error).__name__}: {error}")
        delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (errand.tries - 1))
        errand.at = time.monotonic() + delay * random.uniform(0.5, 1.5)
        self._put(errand)
