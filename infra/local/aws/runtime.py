"""What runs a task's container: the processes of this machine, or a Docker engine."""

from pathlib import Path
from typing import Protocol

from infra.local.aws.container import Container, ContainerSpec, Exit
from infra.local.aws.process_tree import Snapshot


class Running(Protocol):
    """A container, once a task has one."""

    @property
    def output(self) -> Path | None: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def peak_bytes(self) -> int: ...
    @property
    def digest(self) -> str | None: ...

    def started(self) -> bool: ...
    def poll(self) -> Exit | None: ...
    def measure(self, table: Snapshot) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Runtime(Protocol):
    """Where containers run. ``cpu`` is in units of 1/1024, ``memory`` in MiB."""

    def open(self) -> None: ...
    def start(self, spec: ContainerSpec, folder: Path, cpu: int, memory: int) -> Running: ...
    def close(self) -> None: ...


class Processes:
    """Runs each container as a process, which the task limits by looking."""

    def open(self) -> None:
        pass

    def start(self, spec: ContainerSpec, folder: Path, cpu: int, memory: int) -> Running:
        return Container(spec, folder)

    def close(self) -> None:
        pass
