"""Fargate: the tasks of this machine, and the one thread that moves them on."""

import logging
import shutil
import threading
import time
from pathlib import Path

from infra.local.aws import process_tree
from infra.local.aws.events import Events
from infra.local.aws.faults import Faults, Quota
from infra.local.aws.idempotency import ClientTokens
from infra.local.aws.launch import Launch
from infra.local.aws.runtime import Processes, Runtime
from infra.local.aws.task import FargateTask
from infra.local.aws.token_bucket import TokenBucket

log = logging.getLogger(__name__)
TICK_S = 0.05
MEASURE_EVERY_S = 0.5
KEPT_S = 3600  # "stopped tasks appear in the returned results for at least one hour": API_DescribeTasks
MOST_KEPT = 20_000


class Fargate:
    """All tasks, the events, the faults in force and the account's quotas."""

    def __init__(self, folder: Path, runtime: Runtime | None = None) -> None:
        self.folder = folder
        self.runtime = runtime or Processes()
        self.events = Events()
        self.tokens = ClientTokens()
        self.tasks: dict[str, FargateTask] = {}
        self._lock = threading.Lock()
        self._active: list[FargateTask] = []
        self._closing = False
        self._closed = threading.Event()
        self._measured = 0.0
        self.inject(Faults())
        self.runtime.open()
        shutil.rmtree(folder, ignore_errors=True)
        self._thread = threading.Thread(target=self._run, name="fargate", daemon=True)
        self._thread.start()

    def inject(self, faults: Faults) -> None:
        """Put ``faults`` in force, in place of those before; quotas begin with full buckets."""
        self.faults = faults
        self._launches = {provider: _bucket(faults.quota) for provider in ("FARGATE", "FARGATE_SPOT")}
        self._calls = _bucket(faults.call_quota)

    def take_call(self) -> bool:
        """Count one RunTask call against the account's quota of calls."""
        return self._calls is None or self._calls.take()

    def take_launches(self, provider: str, count: int) -> bool:
        """Count ``count`` launches against the account's quota; Spot has one of its own."""
        bucket = self._launches[provider]
        return bucket is None or bucket.take(count)

    def vcpus(self, provider: str) -> float:
        """Return how many vCPUs run; on demand and on Spot the account has a quota each."""
        active = [task for task in list(self._active) if task.status != "STOPPED"]
        return sum(task.launch.cpu for task in active if task.launch.provider == provider) / 1024

    def start(self, launch: Launch, count: int) -> list[FargateTask]:
        tasks = [FargateTask(launch, self.folder, self.events, self.faults, self.runtime) for _ in range(count)]
        with self._lock:
            self.tasks.update({task.id: task for task in tasks})
            self._active.extend(tasks)
        if self._closing:
            self._stop_all()
        return tasks

    def find(self, cluster_arn: str, task: str) -> FargateTask | None:
        """Return a task by its id or ARN, as long as ECS would still know it."""
        found = self.tasks.get(task.rpartition("/")[2])
        if not found or found.launch.cluster_arn != cluster_arn or _forgotten(found):
            return None
        return found

    def listed(self, cluster_arn: str) -> list[FargateTask]:
        with self._lock:
            tasks = list(self.tasks.values())
        return [task for task in tasks if task.launch.cluster_arn == cluster_arn and not _forgotten(task)]

    def close(self, grace_s: float = 5) -> None:
        """Stop every task, wait at most ``grace_s`` seconds, then kill what is left."""
        self._closing = True  # a task that is launched from now on never runs
        self._stop_all()
        deadline = time.monotonic() + grace_s
        while self._running() and time.monotonic() < deadline:
            time.sleep(TICK_S)
        self._closed.set()
        self._thread.join()
        for task in self._active:
            if task.container and not task.exit:
                task.container.kill()
        self.runtime.close()

    def _stop_all(self) -> None:
        for task in list(self._active):
            task.stop("The emulated AWS is shutting down", "TerminationNotice")

    def _running(self) -> bool:
        return any(task.container and task.status != "STOPPED" for task in list(self._active))

    def _run(self) -> None:
        while not self._closed.wait(TICK_S):
            now = time.monotonic()
            table = self._snapshot(now)
            for task in list(self._active):
                self._step(task, now, table)
            with self._lock:
                self._active = [task for task in self._active if task.status != "STOPPED"]
                for task_id in list(self.tasks)[: max(0, len(self.tasks) - MOST_KEPT)]:
                    del self.tasks[task_id]

    def _snapshot(self, now: float) -> process_tree.Snapshot | None:
        if now - self._measured < MEASURE_EVERY_S or not any(task.container for task in self._active):
            return None
        self._measured = now
        return process_tree.snapshot()

    def _step(self, task: FargateTask, now: float, table: process_tree.Snapshot | None) -> None:
        try:
            task.step(now, table)
        except Exception:
            log.exception("task %s broke in %s", task.id, task.status)
            task.abandon("ServerException: the emulator failed, see its log")


def _bucket(quota: Quota | None) -> TokenBucket | None:
    return TokenBucket(quota.burst, quota.rate) if quota else None


def _forgotten(task: FargateTask) -> bool:
    stopped = task.times.get("stoppedAt")
    return stopped is not None and time.time() - stopped.timestamp() > KEPT_S
