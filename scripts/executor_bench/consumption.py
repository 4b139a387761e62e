"""What each part of the stack takes of the machine, looked at once a second."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_S = 1.0
WATCHED = "scheduler"  # whose memory is measured


@dataclass(frozen=True)
class Sample:
    """CPU seconds so far of each part and of the whole ``machine``; MiB of the scheduler's tree."""

    at: float
    cpu: dict[str, float]
    memory: float


class Sampler:
    """Samples in a thread of its own while it is entered."""

    def __init__(self, roots: Callable[[], Mapping[str, psutil.Process]]) -> None:
        self.samples: list[Sample] = []
        self._roots = roots
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self.samples.append(sample(self._roots()))
            if self._stop.wait(EVERY_S):
                return


def sample(roots: Mapping[str, psutil.Process]) -> Sample:
    trees = {name: _tree(root) for name, root in roots.items()}
    cpu = {name: sum(map(cpu_seconds, tree)) for name, tree in trees.items()}
    cpu["bench"] = cpu_seconds(psutil.Process())
    return Sample(time.time(), {**cpu, "machine": _machine()}, sum(map(pss_mib, trees.get(WATCHED, []))))


def _tree(root: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [root, *root.children(recursive=True)]
    return []


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and of its children that have ended."""
    with suppress(psutil.Error):
        return float(sum(process.cpu_times()[:4]))
    return 0.0


def pss_mib(process: psutil.Process) -> float:
    """Return a process's proportional memory, shared pages counted once among those that share them."""
    with suppress(OSError):  # it has ended
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return 0.0


def _machine() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - times.guest - times.guest_nice)


def cores(samples: Sequence[Sample], since: float, until: float) -> dict[str, float]:
    """Return how many cores each part kept busy in this time, and the processes that are not the stack's."""
    inside = [each for each in samples if since - EVERY_S <= each.at <= until + EVERY_S]
    if len(inside) < 2:
        return {}
    first, last = inside[0], inside[-1]
    used = {name: (last.cpu[name] - first.cpu.get(name, 0)) / (last.at - first.at) for name in last.cpu}
    parts = sum(value for name, value in used.items() if name != "machine")
    return {**used, "others": used["machine"] - parts}


def peak_mib(samples: Sequence[Sample], since: float, until: float) -> float:
    """Return the most memory that the scheduler had in this time."""
    return max((each.memory for each in samples if since <= each.at <= until), default=0.0)
