"""The processes of a container, and the memory that they really use. Linux only."""

import os
import signal
import sys
from pathlib import Path

PROC = Path("/proc")
ENFORCED = sys.platform == "linux"


def snapshot() -> dict[int, tuple[int, int]]:
    """Return {pid: (parent's pid, session)} of every process of this machine."""
    table = {}
    for name in os.listdir(PROC) if ENFORCED else ():
        if name.isdigit():
            stat = _read(PROC / name / "stat")
            if stat:
                fields = stat[stat.rindex(")") + 2 :].split()
                table[int(name)] = int(fields[1]), int(fields[3])
    return table


def members(root: int, table: dict[int, tuple[int, int]]) -> set[int]:
    """Return the pids of ``root``'s session and of all its descendants."""
    found = {root} | {pid for pid, (_, session) in table.items() if session == root}
    grew = True
    while grew:
        more = {pid for pid, (parent, _) in table.items() if parent in found} - found
        found |= more
        grew = bool(more)
    return found & (table.keys() | {root})


def memory_bytes(pids: set[int]) -> int:
    """Sum what a cgroup would charge and could not reclaim: anonymous and shared memory.

    Proportional shares, so that pages which a fork has not yet copied are counted once.
    """
    return sum(_anonymous(pid) for pid in pids)


def kill(pids: set[int]) -> None:
    """SIGKILL each pid that is still there."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _anonymous(pid: int) -> int:
    lines = _read(PROC / str(pid) / "smaps_rollup").splitlines()
    kib = [int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
    return sum(kib) * 1024


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process ended while it was looked at
        return ""
