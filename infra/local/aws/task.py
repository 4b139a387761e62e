"""One Fargate task and its life, from PROVISIONING to STOPPED."""

import random
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.aws.awslogs import LogStream
from infra.local.aws.container import CANNOT_PULL, CannotStart, ContainerSpec, Exit
from infra.local.aws.events import Events
from infra.local.aws.faults import Faults
from infra.local.aws.launch import Launch
from infra.local.aws.noop import NoopContainer
from infra.local.aws.process_tree import Snapshot
from infra.local.aws.runtime import Running, Runtime

PENDING_S = 0.1
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
EXITED = "Essential container in task exited"
SPOT = "Your Spot Task was interrupted."


class FargateTask:
    """The state of a task. ``step`` moves it on and is called by one thread only.

    Statuses and their meaning:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    """

    def __init__(self, launch: Launch, folder: Path, events: Events, faults: Faults, runtime: Runtime) -> None:
        self.launch = launch
        self.id = uuid.uuid4().hex
        self.arn = f"{launch.cluster_arn.replace(':cluster/', ':task/')}/{self.id}"
        self.version = 0
        self.history: list[tuple[str, datetime]] = []
        self.times: dict[str, datetime] = {}
        self.desired_status = "RUNNING"
        self.stop_code: str | None = None
        self.stopped_reason: str | None = None
        self.container_reason: str | None = None
        self.exit: Exit | None = None
        self.container: Running | None = None
        self._folder = folder / self.id
        self._events, self._faults, self._runtime = events, faults, runtime
        self._logs: LogStream | None = None
        self._due = time.monotonic() + faults.provision_s
        self._started = 0.0
        self._kill_at: float | None = None
        self._fails_to_pull = random.random() < faults.fail_pull
        self._to("PROVISIONING", provider=launch.provider)
        self._at("createdAt")

    @property
    def status(self) -> str:
        return self.history[-1][0]

    @property
    def spec(self) -> ContainerSpec:
        return self.launch.container

    @property
    def memory(self) -> int:
        """The container's limit in MiB: the task's, or less."""
        return min(self.launch.memory, self.spec.memory or self.launch.memory)

    def stop(self, reason: str, code: str = "UserInitiated") -> None:
        """Ask the task to stop. The first reason stays."""
        if self.desired_status == "STOPPED":
            return
        self.stopped_reason, self.stop_code, self.desired_status = reason, code, "STOPPED"

    def abandon(self, reason: str) -> None:
        """End the task at once, in whatever state it is."""
        self.stop(reason, "TaskFailedToStart")
        if self.container and not self.exit:
            self.container.kill()
        self._at("stoppedAt")
        self._to("STOPPED", code=self.exit and self.exit.code, reason=self.stopped_reason)

    def step(self, now: float, table: Snapshot | None) -> None:
        """Do what is due at ``now`` (monotonic seconds); with a ``table`` of all processes, measure."""
        match self.status:
            case "PROVISIONING" | "PENDING" if self.desired_status == "STOPPED":
                self._at("stoppingAt")
                self._to("DEPROVISIONING")
            case "PROVISIONING" if now >= self._due:
                self._to("PENDING")
                self._due = now + PENDING_S
            case "PENDING" if now >= self._due:
                self._activate()
                self._begin_to_run(now)
            case "ACTIVATING":
                self._begin_to_run(now)
            case "RUNNING":
                self._watch(now, table)
            case "DEACTIVATING":
                self._begin_to_stop(now)
            case "STOPPING":
                self._finish(now)
            case "DEPROVISIONING":
                self._at("stoppedAt")
                self._to("STOPPED", code=self.exit and self.exit.code, reason=self.stopped_reason)

    def _activate(self) -> None:
        self._to("ACTIVATING")
        self._at("connectivityAt")
        self._at("pullStartedAt")

    def _begin_to_run(self, now: float) -> None:
        try:
            self.container = self.container or self._start()
            running = self.container.started()
        except CannotStart as error:
            self.stop(str(error), "TaskFailedToStart")
            self.container = None
            if not str(error).startswith("CannotPull"):
                self._at("pullStoppedAt")
            self._at("stoppingAt")
            self._at("executionStoppedAt")
            self._to("DEPROVISIONING")
            return
        if running:
            self._started = now
            self._at("pullStoppedAt")
            self._at("startedAt")
            self._to("RUNNING", pid=self.container.pid)

    def _start(self) -> Running:
        if self._fails_to_pull:
            raise CannotStart(CANNOT_PULL.format(self.spec.image, "not found"))
        if self._faults.noop:
            return NoopContainer(self.spec)
        if self.spec.log_options:
            self._logs = LogStream(self.spec.log_options, self.spec.name, self.id, self.launch.account)
        return self._runtime.start(self.spec, self._folder, self.launch.cpu, self.memory)

    def _watch(self, now: float, table: Snapshot | None) -> None:
        assert self.container
        self.exit = self.container.poll()
        if self.exit:
            self.container_reason = OUT_OF_MEMORY if self.exit.out_of_memory else self.container_reason
            self.stop(EXITED, "EssentialContainerExited")
        elif table is not None:
            self._limit_memory(table)
            self._interrupt(now - self._started)
            self._ship()
        if self.desired_status == "STOPPED":
            self._to("DEACTIVATING")

    def _limit_memory(self, table: Snapshot) -> None:
        assert self.container
        if self.container.measure(table) > self.memory * 1024 * 1024:
            self.container_reason = OUT_OF_MEMORY
            self.container.kill()

    def _interrupt(self, age: float) -> None:
        assert self.container
        kill_after, spot_after = self._faults.kill_after_s, self._faults.interrupt_spot_after_s
        if kill_after is not None and age >= kill_after:
            self.container.kill()
        if spot_after is not None and age >= spot_after and self.launch.provider == "FARGATE_SPOT":
            self.stop(SPOT, "SpotInterruption")

    def _begin_to_stop(self, now: float) -> None:
        self._at("stoppingAt")
        self._to("STOPPING")
        if not self.exit:
            assert self.container
            self.container.terminate()
            self._kill_at = now + self.spec.stop_timeout

    def _finish(self, now: float) -> None:
        assert self.container
        self.exit = self.exit or self.container.poll()
        if self.exit:
            self._ship(ended=True)
            self._at("executionStoppedAt")
            self._to("DEPROVISIONING")
        elif self._kill_at and now >= self._kill_at:
            self.container.kill()

    def _ship(self, *, ended: bool = False) -> None:
        if self._logs and self.container and self.container.output:
            self._logs.ship(self.container.output, ended=ended)

    def _at(self, name: str) -> None:
        self.times[name] = datetime.now(UTC)

    def _to(self, status: str, **fields: Any) -> None:
        self.history.append((status, datetime.now(UTC)))
        self.version += 1
        self._events.status(self.id, status, **fields)
