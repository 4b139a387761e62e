"""The processes of a container, and the memory that they really use. Linux only."""

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

PROC = "/proc"
ENFORCED = sys.platform == "linux"
FOREIGN = -1  # the session of no process; 0 is that of the kernel's


class Process(NamedTuple):
    """What tells to which container a process belongs. ``folder`` is where it works, with a slash
    at the end, unless it has a terminal: a shell in which somebody looks around is no container's.
    """

    parent: int
    session: int
    folder: str


Snapshot = dict[int, Process]


def snapshot() -> Snapshot:
    """Return every process of this machine by its pid."""
    table: Snapshot = {}
    for name in os.listdir(PROC) if ENFORCED else ():
        if name.isdigit():
            stat = _read(f"{PROC}/{name}/stat")
            if stat:
                _, parent, _, session, terminal, *_ = stat[stat.rindex(")") + 2 :].split()
                table[int(name)] = Process(int(parent), int(session), _folder(name) if terminal == "0" else "")
    return table


def members(known: Snapshot, folder: str, table: Snapshot) -> Snapshot:
    """Return those of ``table`` that belong to a container whose processes were ``known``.

    They are all in the sessions of the known, all that work below ``folder``, and the
    descendants of these. The folder finds a daemon whose parents ended between two snapshots;
    it does not tell that the rest of its session belongs to the container too.
    """
    sessions = {process.session for process in known.values() if process.session != FOREIGN}
    found: Snapshot = {}
    for pid, process in table.items():
        if process.session in sessions or (pid in known and known[pid].session != FOREIGN):
            found[pid] = process
        elif pid in known or process.folder.startswith(folder):
            found[pid] = process._replace(session=FOREIGN)
    more = found
    while more:
        more = {
            pid: process._replace(session=FOREIGN) if more[process.parent].session == FOREIGN else process
            for pid, process in table.items()
            if process.parent in more and pid not in found
        }
        found = found | more
    return found


def memory_bytes(pids: Iterable[int]) -> int:
    """Sum what a cgroup would charge and could not reclaim: anonymous and shared memory.

    Proportional shares, so that pages which a fork has not yet copied are counted once.
    """
    return sum(_anonymous(pid) for pid in pids)


def kill(pids: Iterable[int]) -> None:
    """SIGKILL each pid that is still there, and ours to kill."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _folder(pid: str) -> str:
    try:
        return os.readlink(f"{PROC}/{pid}/cwd") + "/"
    except OSError:  # it ended, is a kernel thread, or somebody else's
        return ""


def _anonymous(pid: int) -> int:
    lines = _read(f"{PROC}/{pid}/smaps_rollup").splitlines()
    kib = [int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
    return sum(kib) * 1024


def _read(path: str) -> str:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read().decode(errors="replace")
    except OSError:  # the process ended while it was looked at
        return ""
