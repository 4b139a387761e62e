"""The executor that runs Airflow tasks on Fargate."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.executors.workloads import ExecuteTask
from airflow.executors.workloads.base import BaseWorkloadSchema
from airflow.providers.amazon.aws.executors.ecs.ecs_executor import AwsEcsExecutor
from airflow.providers.amazon.aws.executors.ecs.utils import CONFIG_GROUP_NAME

from fargate import local_lane, settings, stored, strategy, task_logs
from fargate.aws import Aws
from fargate.fleet import EVENT, Fleet
from fargate.launch import Launch, is_launch_id
from fargate.launcher import Launcher
from fargate.stop_reasons import Kind
from fargate.watcher import Watcher

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey
    from airflow.models.taskinstance import TaskInstance

CALLS_END_WITHIN_S = 1.5
KEPT_QUEUED_EVERY_S = 60.0
INTERRUPTED = EVENT.format(Kind.SPOT_INTERRUPTION.value)


class AwsFargateExecutor(AwsEcsExecutor):
    """The provider's ECS executor, with launches that are fast, counted and made exactly once.

    The scheduler stores a launch id with the state QUEUED, before any call. It is the call's
    ``startedBy`` and begins its ``clientToken``; the request itself is in S3 before it is sent. What a
    scheduler that died had begun is sent again or found, and not started a second time.

    Calls are made by the threads of a Launcher, looks at tasks by that of a Watcher; ``sync``, in the
    scheduler's loop, takes what they found and never waits for AWS.
    """

    pre_assigns_external_executor_id = True

    def __init__(self, *args: Any, parallelism: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, parallelism=parallelism or settings.fargate_lane_parallelism(), **kwargs)

    def load_ecs_connection(self, check_connection: bool = True) -> None:
        """Make no client yet: one that cannot be made must not end the scheduler."""
        threads = settings.launch_threads()
        self.aws = Aws(
            self.conf.get(CONFIG_GROUP_NAME, "conn_id", fallback=None) or None,
            self.conf.get(CONFIG_GROUP_NAME, "region_name", fallback=None),
            threads,
        )

    def _load_run_kwargs(self) -> dict[str, Any]:
        """Return what all tasks have in common. How it is to be launched is kept, as if each task asked for it."""
        base = strategy.parsed(super()._load_run_kwargs())
        self._common = {name: base[name] for name in (strategy.NAME,) if name in base}
        return base

    def start(self) -> None:
        """Start the threads; whether AWS can be reached is seen, and said, when tasks are launched."""
        quotas = {
            "calls": settings.quota("FARGATE_CALL_QUOTA"),
            "launches": settings.quota("FARGATE_LAUNCH_QUOTA"),
            "spot launches": settings.quota("FARGATE_SPOT_LAUNCH_QUOTA"),
        }
        launcher = Launcher(
            self.aws, self.run_task_kwargs, settings.payload_bucket(), self._token, quotas, settings.launch_threads()
        )
        cluster, attempts = str(self.cluster), int(str(self.max_run_task_attempts))
        self.fleet = Fleet(self, launcher, self.aws, cluster, attempts)
        self.watcher = Watcher(self.aws, cluster, self.fleet.arns)
        self.fleet.start()
        self.watcher.start()
        self._kept_queued_at = time.monotonic()
        self._ended = False
        self._held_events: list[Any] = []
        local_lane.before_drain.append(self.end)

    def _token(self, subject: str) -> str:
        return BaseWorkloadSchema.generate_token(subject, self.jwt_generator)

    @property
    def slots_available(self) -> int:
        """Take what is launched soon. The backlog stays in the database: what is more urgent goes before it there.

        Never below 0: the scheduler adds the slots of its executors, and would leave the local lane idle.
        """
        free: int = super().slots_available
        room = self.fleet.launcher.room() - len(self.queued_tasks) - len(self.queued_callbacks)
        return max(0, min(free, room))

    def execute_async(
        self, key: "WorkloadKey", command: Any, queue: str | None = None, executor_config: Any = None
    ) -> None:
        """Queue a workload for the launcher."""
        [workload] = command
        self.fleet.add(launch_of(key, workload, {**self._common, **(executor_config or {})}))

    def log_task_event(self, *, event: str, extra: str, ti_key: "WorkloadKey") -> None:
        """Add an event to the log table.

        The scheduler saves them after the sync in a way that holds them by weak references only: one
        that nobody else holds is gone by then, and its row is refused.
        """
        super().log_task_event(event=event, extra=extra, ti_key=ti_key)
        self._held_events = [*self._task_event_logs]

    def sync(self) -> None:
        """Take up what ECS has answered, and tell the scheduler."""
        self._held_events = []
        try:
            self.fleet.take_answers()
            for task in self.watcher.seen():
                self.fleet.update(task)
            self.fleet.emit_metrics()
            if time.monotonic() - self._kept_queued_at > KEPT_QUEUED_EVERY_S:
                self._kept_queued_at = time.monotonic()
                stored.keep_queued(self.fleet.waiting())
        except Exception:
            # the scheduler would end with it, and the local lane with the scheduler
            self.log.exception("what became of tasks on Fargate was not taken up in full; the next sync goes on")

    def end(self, heartbeat_interval: int = 10) -> None:
        """Begin nothing new and leave what runs to the next scheduler, which adopts it."""
        if not self._ended:
            self._ended = True
            self.watcher.stop()
            self.fleet.stop(within=CALLS_END_WITHIN_S)

    def terminate(self) -> None:
        """End like ``end``: the tasks belong to their runs, and not to this scheduler."""
        self.end()

    def revoke_task(self, *, ti: "TaskInstance") -> None:
        """Forget a task that the scheduler has given up, and stop what ECS runs of it."""
        self.queued_tasks.pop(ti.key, None)
        self.running.discard(ti.key)
        self.fleet.revoke(ti.key)

    def get_task_log(self, ti: "TaskInstance", try_number: int) -> tuple[list[str], list[str]]:
        """Return the lines of a task that runs, from CloudWatch."""
        return task_logs.read_live(ti)

    def try_adopt_task_instances(self, tis: Sequence["TaskInstance"]) -> Sequence["TaskInstance"]:
        """Take over the tasks of a dead scheduler; return those that were never queued for Fargate.

        Asks ECS nothing, since the rows are locked meanwhile: a launch id is looked for, or launched,
        by the launcher, and an ARN is looked at by the watcher like any other.
        """
        known = [ti for ti in tis if ti.external_executor_id]
        for ti in stored.whole(known) if known else ():
            self.running.add(ti.key)
            self.fleet.adopt(adopted(ti, self._common))
        if known:
            self.log.info("Adopted %s tasks of a dead scheduler", len(known))
        return [ti for ti in tis if not ti.external_executor_id]


def launch_of(key: "WorkloadKey", workload: Any, config: dict[str, Any]) -> Launch:
    """Return the launch of a workload, as it comes from the scheduler."""
    if not isinstance(workload, ExecuteTask):
        subject = str(workload.callback.id)
        return Launch(key, subject, workload, config, subject, {"callback_id": subject})
    ti = workload.ti
    launch_id = ti.external_executor_id if is_launch_id(ti.external_executor_id) else str(ti.id)
    launch = Launch(key, str(launch_id), workload, config, str(ti.id), tags(ti))
    if launch.on_spot and ti.try_number > 1:
        launch.on_demand = stored.has_event(ti, ti.try_number - 1, INTERRUPTED)
    return launch


def tags(ti: Any) -> dict[str, str]:
    """Return what AWS's cost explorer can tell the cost of: a DAG, a run, a task."""
    return {name: str(getattr(ti, name)) for name in ("dag_id", "run_id", "task_id", "map_index", "try_number")}


def adopted(ti: "TaskInstance", common: dict[str, Any]) -> Launch:
    """Return the launch of a task instance that another scheduler queued."""
    known = str(ti.external_executor_id)
    by_launch_id = is_launch_id(known)
    return Launch(
        ti.key,
        known if by_launch_id else "",
        ExecuteTask.make(ti) if by_launch_id else None,
        {**common, **(ti.executor_config or {})},
        str(ti.id),
        tags(ti),
        recover=by_launch_id,
        ran=ti.state != "queued",
        arn="" if by_launch_id else known,
    )
