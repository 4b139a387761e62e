"""Airflow's dag-processor, one at a time: ``python -m fargate.dag_processor``.

Two with different code rewrite each other's versions of the DAGs within seconds. This process imports
what Airflow's needs, waits until no other one runs, and forks it. It holds the lock and watches: what it
forked is killed when the lock is lost, and ends by itself when this process is killed.
"""

import ctypes
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from fargate import health, settings
from fargate.releases import needed
from fargate.turn import Lost, Turn

log = logging.getLogger(__name__)

LOCK_LOST = 75  # EX_TEMPFAIL of sysexits.h
LOOK_EVERY_S, CHECK_EVERY_S = 0.2, 1.0
# Airflow's handler of SIGTERM logs, and waits for ever when it comes while a line is being written
STOPS_WITHIN_S = 5.0
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Wait for the turn, let Airflow's dag-processor run, and return the exit code of this process."""
    from fargate import parsing  # and all of Airflow with it

    health.reset()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # nothing runs yet
    try:
        turn = Turn(settings.direct_database())
        turn.wait(meanwhile=lambda: health.touch(health.STANDBY))
        health.clear(health.STANDBY)
        log.info("It is this dag-processor's turn")
        return guard(turn, start(turn, lambda: parsing.run(arguments)))
    except Lost as lost:
        log.error("This dag-processor ends: %s", lost)
        return LOCK_LOST
    finally:
        health.reset()


class Child:
    """The process that parses, and what it has forked."""

    def __init__(self, pid: int) -> None:
        self.pid, self.killed_at = pid, float("inf")

    def stop(self, *_: object) -> None:
        """Ask it to end; it has some seconds to do so."""
        self.killed_at = min(self.killed_at, time.monotonic() + STOPS_WITHIN_S)
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def start(turn: Turn, run: Callable[[], object]) -> Child:
    """Fork the process that parses, in a group of its own."""
    pid = os.fork()
    if pid == 0:
        _be_the_child(turn, run)
    child = Child(pid)
    signal.signal(signal.SIGTERM, child.stop)
    return child


def _be_the_child(turn: Turn, run: Callable[[], object]) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # a copy of the connection would hold the lock for as long as anything that is forked from here lives
        os.dup2(os.open(os.devnull, os.O_RDWR), turn.fileno())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        run()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        log.exception("The dag-processor failed")
    os._exit(code)


def guard(turn: Turn, child: Child) -> int:
    """Watch the lock until the child ends, and return its exit code.

    :raises Lost: when the lock is; the child has been killed then
    """
    if settings.release():
        threading.Thread(target=needed.keep_writing, name="needed", daemon=True).start()
    checked = time.monotonic()
    while not (ended := os.waitpid(child.pid, os.WNOHANG))[0]:
        told, _, _ = select.select([turn.fileno()], [], [], LOOK_EVERY_S)
        if time.monotonic() > child.killed_at:
            log.warning("The dag-processor was asked to end %s s ago, and is killed", STOPS_WITHIN_S)
            child.kill()
            return 0
        if told or time.monotonic() - checked > CHECK_EVERY_S:
            checked = time.monotonic()
            try:
                turn.check()
            except Lost:
                child.kill()
                raise
    return abs(os.waitstatus_to_exitcode(ended[1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
