"""Small calls to AWS that nobody waits for, one after the other in a thread of their own."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

log = logging.getLogger(__name__)


class Errands:
    """Runs calls in the background; one that fails is logged."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="fargate-errands", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, call: Callable[[], object]) -> None:
        self._calls.put(call)

    def stop(self, within: float) -> None:
        """Finish what there is, in at most ``within`` seconds."""
        self._calls.put(None)
        if self._thread.is_alive():
            self._thread.join(within)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except Exception:
                log.exception("%s failed", call)
