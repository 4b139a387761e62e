"""The processes that belong to a stack, found by where they run, and how they are ended."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from infra.local.layout import Layout

GRACE_S = 5.0


def of_stack(layout: Layout) -> list[psutil.Process]:
    """Return every process of this stack, whoever its parent is by now."""
    folders = (layout.run, layout.tmp, layout.aws / "tasks", layout.database)
    return [process for folder in folders for process in in_folder(folder)]


def in_folder(folder: Path) -> list[psutil.Process]:
    """Return the processes whose working directory is ``folder`` or below it.

    A shell in which somebody looks around has a terminal and is left alone.
    """
    mine = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    return [p for p in psutil.process_iter() if p.pid not in mine and _runs_in(p, folder)]


def _runs_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder) and process.terminal() is None
    except (psutil.Error, OSError):  # it ended, or is somebody else's
        return False


def end_all(processes: Iterable[psutil.Process], grace_s: float = GRACE_S) -> int:
    """SIGTERM, wait, then SIGKILL; return how many had to be ended."""
    found = list(processes)
    for process in found:
        _signal(process.terminate)
    until(lambda: not any(map(_runs, found)), grace_s)
    for process in filter(_runs, found):
        _signal(process.kill)
    until(lambda: not any(map(_runs, found)), grace_s)
    return len(found)


def _runs(process: psutil.Process) -> bool:
    """Tell whether a process still runs; one that is dead and waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def port_owner(port: int) -> str:
    """Say who listens on a port of this machine, as far as the system tells."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return "another process"


def until(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.1) -> bool:
    """Wait until ``condition()`` holds; tell whether it did in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
