"""A container, run as a process that has the container's environment and nothing else."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from infra.local.aws import process_tree

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_STOP_TIMEOUT_S = 30
CANNOT_PULL = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {}: {}"
NOT_STARTED = "CannotStartContainerError: failed to create task for container: failed to start shim"


class CannotStart(Exception):
    """The container could not be started; the message is ECS's stopped reason."""


@dataclass(frozen=True)
class ContainerSpec:
    """What one container runs: its definition with the override of RunTask applied.

    ``memory`` is its own hard limit in MiB, if it has one besides the task's. ``command`` begins
    with the entry point. User, file system and mounts are nothing to a process, and neither is an init:
    it gets signals as every process does, and what it leaves behind is ended with it.
    """

    name: str
    image: str
    command: list[str]
    environment: dict[str, str]
    stop_timeout: int
    memory: int | None
    log_options: dict[str, str] | None
    entry_point: list[str] = field(default_factory=list)
    user: str = ""
    read_only: bool = False
    mounts: list[dict[str, Any]] = field(default_factory=list)
    init: bool = False

    @classmethod
    def build(cls, definition: dict[str, Any], override: dict[str, Any]) -> "ContainerSpec":
        pairs = (definition.get("environment") or []) + (override.get("environment") or [])
        logs = definition.get("logConfiguration") or {}
        entry_point = definition.get("entryPoint") or []
        command = override.get("command") or definition.get("command") or []
        return cls(
            name=definition["name"],
            image=definition["image"],
            command=entry_point + command,
            environment={pair["name"]: pair.get("value", "") for pair in pairs},
            stop_timeout=definition.get("stopTimeout") or DEFAULT_STOP_TIMEOUT_S,
            memory=override.get("memory") or definition.get("memory"),
            log_options=logs.get("options") if logs.get("logDriver") == "awslogs" else None,
            entry_point=entry_point,
            user=definition.get("user") or "",
            read_only=bool(definition.get("readonlyRootFilesystem")),
            mounts=definition.get("mountPoints") or [],
            init=bool((definition.get("linuxParameters") or {}).get("initProcessEnabled")),
        )


@dataclass(frozen=True)
class Exit:
    """How a container ended: its exit code, the CPU seconds of all its processes, and whether the kernel
    ended one of them for want of memory.
    """

    code: int
    cpu_seconds: float
    out_of_memory: bool = False


class Container:
    """A running container. Its output is in ``folder``, its working directory below it."""

    digest: str | None = None  # it has no image

    def __init__(self, spec: ContainerSpec, folder: Path) -> None:
        self.spec = spec
        self.output = folder / "output.log"
        self.peak_bytes = 0
        files = folder.resolve() / "files"  # the container may empty it, without losing its output
        files.mkdir(parents=True)
        self._folder = f"{files}/"
        with self.output.open("wb") as out:
            self._process = _start(spec, self._folder, out)
        self.pid = self._process.pid
        self._known = {self.pid: process_tree.Process(os.getpid(), self.pid, self._folder)}

    def started(self) -> bool:
        return True

    def poll(self) -> Exit | None:
        """Reap the main process if it ended, and what it left behind with it."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if not pid:
            return None
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        process_tree.kill(self._members(process_tree.snapshot()))
        return Exit(code if code >= 0 else 128 - code, usage.ru_utime + usage.ru_stime)

    def measure(self, table: process_tree.Snapshot) -> int:
        """Return the bytes that the container's processes use now, and remember the peak."""
        used = process_tree.memory_bytes(self._members(table))
        self.peak_bytes = max(self.peak_bytes, used)
        return used

    def terminate(self) -> None:
        """SIGTERM the main process alone, as ``docker stop`` does."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL every process of the container."""
        process_tree.kill({self.pid, *self._members(process_tree.snapshot())})

    def _members(self, table: process_tree.Snapshot) -> process_tree.Snapshot:
        self._known = process_tree.members(self._known, self._folder, table)
        return self._known


def _start(spec: ContainerSpec, folder: str, out: BinaryIO) -> subprocess.Popen[bytes]:
    executable = _executable(spec)
    try:
        return subprocess.Popen(
            spec.command,
            executable=executable,
            env=spec.environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # no program, too long, or a zero byte or the like in it
        raise CannotStart(f"{NOT_STARTED}: exec {executable}: {error}") from error


def _executable(spec: ContainerSpec) -> str:
    if not spec.command:
        raise CannotStart("CannotStartContainerError: no command specified")
    name = spec.command[0]
    found = shutil.which(name, path=spec.environment.get("PATH", DEFAULT_PATH))
    if not found:
        raise CannotStart(f'{NOT_STARTED}: exec: "{name}": executable file not found in $PATH')
    return found
