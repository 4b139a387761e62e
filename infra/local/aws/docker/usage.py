"""What a container uses, as its control group counts it: both kinds of cgroup, without the engine.

Each count goes with the group when the container ends, so it is read while that runs. Where the
engine is not on this kernel (a virtual machine of its own), there is no group to see and all is 0.
"""

import os
from contextlib import suppress
from pathlib import Path

CGROUP, PROC = Path("/sys/fs/cgroup"), Path("/proc")


class Usage:
    """CPU seconds and memory of a container, found by its main process."""

    def __init__(self, container: str, pid: int) -> None:
        self.cpu_seconds = 0.0
        self._cpu, self._memory = _files(container, pid)

    def look(self) -> None:
        """Take up the CPU seconds so far."""
        if self._cpu.name == "cpu.stat":
            self.cpu_seconds = _field(self._cpu, "usage_usec") / 1e6 or self.cpu_seconds
        else:
            self.cpu_seconds = _number(self._cpu) / 1e9 or self.cpu_seconds

    def memory_bytes(self) -> int:
        """Return what processes hold, without the pages of files, which the kernel would give up."""
        if self._cpu.name == "cpu.stat":
            return _field(self._memory, "anon") + _field(self._memory, "shmem")
        return _field(self._memory, "total_rss") + _field(self._memory, "total_shmem")


def _files(container: str, pid: int) -> tuple[Path, Path]:
    """Return where CPU time and memory are told, whether that is there (any more) or not.

    A process that has ended is in the machine's own group, whose counts are not the container's.
    """
    groups: dict[str, str] = {}
    with suppress(OSError):
        lines = (PROC / str(pid) / "cgroup").read_text().splitlines()
        for _, names, path in (line.split(":", 2) for line in lines):
            groups |= dict.fromkeys(names.split(","), path if container in path else f"/{container}")
    if "cpuacct" in groups:
        return _below("cpuacct", groups["cpuacct"], "cpuacct.usage"), _below("memory", groups["memory"], "memory.stat")
    group = groups.get("", container)
    return _below("", group, "cpu.stat"), _below("", group, "memory.stat")


def _below(controller: str, group: str, name: str) -> Path:
    return CGROUP / controller / group.lstrip("/") / name


def _number(path: Path) -> int:
    with suppress(OSError), open(path, "rb") as file:
        return int(os.read(file.fileno(), 32))
    return 0


def _field(path: Path, name: str) -> int:
    with suppress(OSError):
        for line in path.read_text().splitlines():
            if line.startswith(f"{name} "):
                return int(line.split()[1])
    return 0
