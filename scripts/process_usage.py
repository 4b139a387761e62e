"""What a command costs: CPU, time and memory of it and of all its processes."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_S = 0.1


@dataclass(frozen=True)
class Usage:
    """CPU is user and system time of the process and of all that it waited for; memory is the peak of
    all processes together, as proportional shares, and of the largest one alone."""

    cpu_s: float
    wall_s: float
    peak_pss_mib: float
    peak_rss_mib: float
    exit_code: int


def measure(command: list[str], environment: dict[str, str], folder: Path, output: Path) -> Usage:
    """Run a command to its end. Its output goes to a file."""
    begun = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
    memory = Memory(process.pid)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(
        cpu_s=used.ru_utime + used.ru_stime,
        wall_s=wall,
        peak_pss_mib=memory.peak_mib(),
        peak_rss_mib=used.ru_maxrss / 1024,
        exit_code=process.returncode,
    )


class Memory:
    """Looks at a process and its descendants ten times a second until asked for the most it saw."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most = pid, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peak_mib(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._most / 1024

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self._most = max(self._most, sum(pss_kib(pid) for pid in family(self._pid)))


def family(pid: int) -> list[int]:
    """Return a process and its descendants; nothing when it has ended."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []


def pss_kib(pid: int) -> int:
    """Return the proportional memory of a process: pages that it shares are counted in parts. Linux only."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
