"""The tasks that the executor has in hand: from the queue, through ECS, to their end."""

import logging
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow._shared.observability.metrics import stats
from botocore.exceptions import ClientError

from fargate import answers, stop_reasons, stored, task_logs
from fargate.errands import Errands
from fargate.launch import Launch
from fargate.launcher import Launcher
from fargate.notices import Notices
from fargate.stop_reasons import StopReason
from fargate.watcher import MISSING

if TYPE_CHECKING:
    from airflow.executors.base_executor import BaseExecutor
    from airflow.executors.workloads.types import WorkloadKey

    from fargate.aws import Aws

log = logging.getLogger(__name__)

EVENT = "fargate: {}"
SHOWN_AFTER_S = 60.0  # a task that was started a moment ago may be MISSING
# its worker may have reported the end of the task in these cases as well, and knows no reason; after an
# interruption the next try asks for the event
UNTOLD = (stop_reasons.Kind.OUT_OF_MEMORY.value, stop_reasons.Kind.SPOT_INTERRUPTION.value)
NO_ADDRESS_S = 15.0
GIVEN_UP = "Airflow gave the task up while it waited for a container"
# ECS has a sentence for it, and one code for everything that is wrong with a call:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
GONE = ("InvalidParameterException", "not found")
STILL_RUNS = (
    "the ECS task of {key}, which Airflow gave up, may still run and cost. To stop it: "
    "aws ecs stop-task --cluster {cluster} --task {arn}"
)


class Fleet:
    """Keeps account of launches and tells the executor how they end. Of the scheduler's thread, but for ``arns``."""

    def __init__(self, executor: "BaseExecutor", launcher: Launcher, aws: "Aws", cluster: str, attempts: int) -> None:
        self.launcher, self.errands = launcher, Errands()
        self._executor, self._aws, self._cluster, self._attempts = executor, aws, cluster, attempts
        self._launches: dict[WorkloadKey, Launch] = {}
        self._by_arn: dict[str, Launch] = {}
        self._unstored: list[Launch] = []
        self._gauges: Counter[str] = Counter()
        self._notices = Notices(log)

    def start(self) -> None:
        self.launcher.start()
        self.errands.start()

    def stop(self, within: float) -> None:
        """Begin no further launch; take up the answers to those that were begun."""
        self.launcher.stop(within)
        self.take_answers()
        self.errands.stop(within / 4)

    def arns(self) -> list[str]:
        """Return the tasks that ECS may have something to tell of."""
        return list(self._by_arn)

    def waiting(self) -> list[Launch]:
        """Return the launches that ECS has not answered for."""
        return [launch for launch in self._launches.values() if not launch.arn]

    def add(self, launch: Launch) -> None:
        """Have a workload launched."""
        if launch.on_demand:  # though it asked for Spot: the try before was interrupted
            stats.incr("fargate.spot_fallback")
        self._launches[launch.key] = launch
        self.launcher.submit(launch)

    def adopt(self, launch: Launch) -> None:
        """Take over the launch of another scheduler, however far it got."""
        stats.incr("fargate.adopted")
        self._launches[launch.key] = launch
        if launch.arn:
            self._by_arn[launch.arn] = launch
        else:
            self.launcher.submit(launch)

    def revoke(self, key: "WorkloadKey") -> None:
        """Forget a launch, and stop its task."""
        if launch := self._launches.pop(key, None):
            launch.revoked = True
            if launch.arn:
                self._stop_task(launch)

    def take_answers(self) -> None:
        """Take up what the launcher was answered, and store it."""
        for launch, answer in self.launcher.answered():
            if answer.kind is answers.Kind.STARTED:
                self._started(launch, answer.arn)
            elif answer.kind is answers.Kind.NO_CAPACITY:
                self._never_started(launch, StopReason(stop_reasons.Kind.NO_CAPACITY, answer.reason, started=False))
            else:
                self._fail(launch, answer.kind.value, f"ECS refused to start the task. {answer.reason}")
        stored.store_arns(self._unstored)
        self._unstored = []

    def _started(self, launch: Launch, arn: str) -> None:
        launch.arn = arn
        if launch.revoked:
            self._stop_task(launch)
            return
        self._by_arn[arn] = launch
        self._unstored.append(launch)
        stats.incr("fargate.launched")
        stats.timing("fargate.queued", timedelta(seconds=time.time() - launch.queued_at))

    def _stop_task(self, launch: Launch) -> None:
        self._by_arn.pop(launch.arn, None)
        undone = STILL_RUNS.format(key=launch.key, cluster=self._cluster, arn=launch.arn)
        self.errands.run(partial(self._call_stop_task, launch.arn), undone)

    def _call_stop_task(self, arn: str) -> None:
        """Stop a task, in the thread of the errands: the client as well takes long to make, or cannot be made."""
        try:
            self._aws.ecs.stop_task(cluster=self._cluster, task=arn, reason=GIVEN_UP)
        except ClientError as error:
            if not all(part in str(error) for part in GONE):
                raise

    def update(self, task: dict[str, Any]) -> None:
        """Take up how a task is, as the watcher saw it."""
        launch, status = self._by_arn.get(task["taskArn"]), task.get("lastStatus")
        if not launch:
            return
        if status == MISSING:
            if time.time() - (launch.called_at or launch.queued_at) > SHOWN_AFTER_S:
                self._ended(launch, {"taskArn": launch.arn, "stoppedReason": MISSING})
            return
        launch.launch_id = launch.launch_id or task.get("startedBy", "")
        if "startedAt" in task and not launch.started:
            launch.started = True
            stats.timing("fargate.start", task["startedAt"] - task["createdAt"])
        if status == "STOPPED":
            self._ended(launch, task)

    def _ended(self, launch: Launch, task: dict[str, Any]) -> None:
        del self._by_arn[launch.arn]
        if self._launches.get(launch.key) is not launch:
            return  # queued again since, as a task that deferred is
        reason = stop_reasons.explain(task)
        if reason.kind is stop_reasons.Kind.SPOT_INTERRUPTION:
            stats.incr("fargate.interrupted")
        if reason.kind is stop_reasons.Kind.FINISHED:
            del self._launches[launch.key]
            self._executor.success(launch.key)
        elif reason.may_be_launched_again:
            self._never_started(launch, reason)
        else:
            self._fail(launch, reason.kind.value, reason.text)

    def _never_started(self, launch: Launch, reason: StopReason) -> None:
        """Launch again what did not run at all, at an attempt's cost where it is nobody's turn to wait."""
        launch.next_task()
        launch.recover = launch.body is None and launch.workload is None
        if launch.on_spot and reason.kind in (stop_reasons.Kind.NO_CAPACITY, stop_reasons.Kind.SPOT_INTERRUPTION):
            launch.on_demand = True
            stats.incr("fargate.spot_fallback")
            delay = 0.0
        elif answers.by_wording(reason.text) is answers.Kind.AT_LIMIT:
            delay = NO_ADDRESS_S
        else:
            launch.attempt += 1
            delay = launch.delay()
        if launch.attempt > self._attempts:
            self._fail(launch, reason.kind.value, f"{reason.text} Tried {self._attempts} times.")
            return
        stats.incr("fargate.retried")
        self._notices.warn(reason.kind, f"a task did not start and is launched again: {reason.text}")
        self.launcher.submit(launch, delay)

    def _fail(self, launch: Launch, what: str, why: str) -> None:
        """Fail a task at once, and say why in its log and in its events."""
        self._launches.pop(launch.key, None)
        unfinished = stored.is_unfinished(launch)
        if unfinished or what in UNTOLD:
            self._executor.log_task_event(event=EVENT.format(what), extra=why, ti_key=launch.key)
            if launch.of_task:
                undone = f"the log of {launch.key} does not say why its container died: {why}"
                self.errands.run(partial(task_logs.write_reason, launch.key, why), undone)
        if unfinished:
            self._executor.fail(launch.key, why)
        else:
            self._executor.running.discard(launch.key)  # its worker, or a person, has said how it ended

    def emit_metrics(self) -> None:
        """Say how many tasks of each size run."""
        running = Counter(".".join(launch.size.values()) for launch in self._by_arn.values() if launch.started)
        for size in self._gauges | running:
            stats.gauge(f"fargate.running.{size}", running[size])
        self._gauges = running
        self._notices.tell()
