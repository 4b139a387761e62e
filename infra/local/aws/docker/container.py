"""A container in a Docker engine, with the same face as one that is a process."""

import logging
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra.local.aws.container import CannotStart, ContainerSpec, Exit
from infra.local.aws.docker import image, output
from infra.local.aws.docker.engine import Engine, EngineError
from infra.local.aws.docker.settings import Settings
from infra.local.aws.docker.usage import Usage
from infra.local.aws.process_tree import Snapshot

log = logging.getLogger(__name__)
GONE = (404, 409)  # there is no such container (any more), or it does not run
PERIOD_US = 100_000


class DockerContainer:
    """A container from the pull of its image to its removal, which a thread of its own sees through."""

    def __init__(self, engine: Engine, settings: Settings, spec: ContainerSpec, folder: Path, size: tuple[int, int]):
        folder.mkdir(parents=True)
        self.spec, self.output, self.size = spec, folder / "output.log", size
        self.output.touch()
        self.pid: int | None = None
        self.peak_bytes = 0
        self.digest: str | None = None
        self._engine, self._settings, self._name = engine, settings, f"fargate-{folder.name}"
        self._usage: Usage | None = None
        self._exit: Exit | None = None
        self._error: Exception | None = None
        self._unwanted, self._lock = False, threading.Lock()
        threading.Thread(target=self._live, name=self._name, daemon=True).start()

    def started(self) -> bool:
        """Tell whether it runs, or has run; raise CannotStart when it never will."""
        self._raise()
        return self._usage is not None

    def poll(self) -> Exit | None:
        self._raise()
        if self._usage:
            self._usage.look()
        return self._exit

    def measure(self, table: Snapshot) -> int:
        """Remember the peak. That the limit is kept is the kernel's business."""
        used = self._usage.memory_bytes() if self._usage else 0
        self.peak_bytes = max(self.peak_bytes, used)
        return used

    def terminate(self) -> None:
        """Send the image's stop signal to the main process, as ``docker stop`` does."""
        self._signal(self._stop_signal)

    def kill(self) -> None:
        """SIGKILL all; one that was not made yet will not be."""
        with self._lock:
            self._unwanted = True
        self._signal(signal.SIGKILL.name)

    def _signal(self, name: str) -> None:
        try:
            self._engine.call("POST", f"/containers/{self._name}/kill", signal=name)
        except EngineError as error:
            if error.status not in GONE:
                log.warning("%s did not get %s: %s", self._name, name, error)
        except OSError as error:  # no engine: the container's own thread sees that too
            log.warning("%s did not get %s: %s", self._name, name, error)

    def _raise(self) -> None:
        if self._error:
            raise self._error

    def _live(self) -> None:
        try:
            self._make()
            try:
                code, out_of_memory = self._run()
            finally:
                self._remove()
        except Exception as error:  # the thread that steps the tasks raises it where it is known what to do
            self._error = error
        else:
            cpu = self._usage.cpu_seconds if self._usage else 0.0
            self._exit = Exit(code, cpu, out_of_memory)

    def _make(self) -> None:
        found = image.obtain(self._engine, self.spec.image, self._settings.passwords)
        self.digest = image.digest(found, self.spec.image)
        self._stop_signal = found["Config"].get("StopSignal") or signal.SIGTERM.name
        with self._lock:
            if self._unwanted:
                raise CannotStart("CannotStartContainerError: the task was stopped")
            body = request(self.spec, found, self._settings, self.size)
            self._refusable("POST", "/containers/create", body, name=self._name)

    def _run(self) -> tuple[int, bool]:
        """Start it, take its output until its end, and return exit code and whether memory ran out."""
        path = f"/containers/{self._name}"
        self._refusable("POST", f"{path}/start")
        told = self._engine.call("GET", f"{path}/json")
        self.pid = told["State"]["Pid"] or None
        self._usage = Usage(told["Id"], self.pid or 0)
        with self._engine.stream("GET", f"{path}/logs", follow=1, stdout=1, stderr=1) as source:
            output.copy(source, self.output)
        with self._engine.stream("POST", f"{path}/wait") as answer:
            answer.read()
        state = self._engine.call("GET", f"{path}/json")["State"]
        return state["ExitCode"], state["OOMKilled"]

    def _refusable(self, *call: Any, **query: Any) -> None:
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"""
        try:
            self._engine.call(*call, **query)
        except EngineError as error:
            raise CannotStart(f"CannotStartContainerError: {error}") from error

    def _remove(self) -> None:
        with suppress(EngineError):
            self._engine.call("DELETE", f"/containers/{self._name}", force=1, v=1)


def request(spec: ContainerSpec, found: dict[str, Any], settings: Settings, size: tuple[int, int]) -> dict[str, Any]:
    """Return the body of the engine's call for a container of ``size``, CPU units and MiB."""
    cpu, memory = size
    command = spec.command[len(spec.entry_point) :]
    return {
        "Image": found["Id"],
        **({"Entrypoint": spec.entry_point} if spec.entry_point else {}),
        **({"Cmd": command} if command else {}),
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "User": spec.user,
        "Labels": settings.labels,
        "HostConfig": {
            "NetworkMode": settings.network,
            "ExtraHosts": list(settings.hosts),
            "ReadonlyRootfs": spec.read_only,
            "Init": spec.init,  # said in either case: an engine may have a default of its own
            "Memory": memory * 2**20,
            "MemorySwap": memory * 2**20,  # of both together: none
            "CpuPeriod": PERIOD_US,
            "CpuQuota": cpu * PERIOD_US // 1024,
            "Mounts": [_mount(point, found["Config"].get("Volumes") or {}) for point in spec.mounts],
            "LogConfig": {"Type": "json-file"},  # the one that can be followed in any engine
        },
    }


def _mount(point: dict[str, Any], volumes: dict[str, Any]) -> dict[str, Any]:
    """A volume belongs to root, unless the image declares one in that place, which then lends its owner.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
    """
    path = point["containerPath"]
    return {
        "Type": "volume",
        "Target": path,
        "ReadOnly": bool(point.get("readOnly")),
        "VolumeOptions": {"NoCopy": path not in volumes},
    }
