"""The local lane: LocalExecutor with a size of its own, which an api-server's outage cannot break."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.executors.local_executor import LocalExecutor

from fargate import settings
from fargate.worker_template import WorkerTemplate

if TYPE_CHECKING:
    from airflow.executors.workloads import ExecutorWorkload

log = logging.getLogger(__name__)

# Airflow ends executor after executor: what another one must do before local tasks have run to
# their end, it puts here
before_drain: list[Callable[[], None]] = []


class LocalLane(LocalExecutor):
    """LocalExecutor as a subclass that differs in how workloads are run, counted and drained.

    - It has a parallelism of its own, counts what runs, and takes no more: the base class takes
      whatever ``[core] parallelism`` lets through, and a full queue stops the scheduler's loop.
    - One process a workload, forked by :class:`WorkerTemplate`, which reports in words: the base class
      sends exceptions, and one that cannot be unpickled ends the scheduler.
    - While it drains, the scheduler's job keeps its heartbeat: without, another scheduler takes the
      job for dead and runs the tasks a second time.
    """

    def __init__(self, parallelism: int | None = None, team_name: str | None = None) -> None:
        size = parallelism or settings.local_lane_parallelism()
        super().__init__(parallelism=size, team_name=team_name)  # type: ignore[no-untyped-call]

    def start(self) -> None:
        """Start the process that forks workers; before other executors start their threads."""
        close_pooled_connections()
        self._template = WorkerTemplate(partial(run, conf=self.conf))

    def _process_workloads(self, workload_list: "Sequence[ExecutorWorkload]") -> None:
        # a task that deferred may be back before its worker has ended: it stays queued until then
        for workload in [workload for workload in workload_list if workload.key not in self.running]:
            self._hand_over(workload)
            self.running.add(workload.key)
            self._no_longer_queued(workload.key)
            if workload.running_state is not None:
                self.change_state(workload.key, workload.running_state, remove_running=False)

    def _no_longer_queued(self, key: Any) -> None:
        for queued in (self.queued_tasks, self.queued_callbacks, self.queued_connection_tests):
            queued.pop(key, None)

    def _hand_over(self, workload: "ExecutorWorkload") -> None:
        try:
            self._template.send(workload)
        except OSError:
            self._replace_template()
            self._template.send(workload)

    def sync(self) -> None:
        """Pass on to the scheduler what ended."""
        self._read_results()
        if self._template.ended():
            self._read_results()  # what it wrote last
            self._replace_template()

    def _read_results(self) -> None:
        for key, state, reason in self._template.results():
            self.change_state(key, state, reason)

    def _replace_template(self) -> None:
        """Fail what ran below a process that was killed, and start another."""
        log.error("the process that starts local tasks was killed; %s tasks are failed", len(self.running))
        for key in list(self.running):
            self.fail(key, "the process that starts local tasks was killed")
        self.start()

    def end(self) -> None:
        """Let running tasks run to their end, with the scheduler's job alive."""
        with self._beating():
            try:
                for release in before_drain:
                    _guarded(release)
            finally:  # a second signal is an exception, and the process would not end without this
                _guarded(partial(self._template.send, None))
            log.info("waiting for %s local tasks to end", len(self.running))
            while not self._template.ended(within=1):
                self._read_results()
            self._read_results()

    @contextmanager
    def _beating(self) -> Iterator[None]:
        ended = threading.Event()
        beats = threading.Thread(target=self._beat_until, args=(ended,), daemon=True)
        beats.start()
        try:
            yield
        finally:
            ended.set()
            beats.join()

    def _beat_until(self, ended: threading.Event) -> None:
        interval = float(self.conf.get_mandatory_value("scheduler", "job_heartbeat_sec"))
        while not ended.is_set():
            _guarded(partial(beat, self.job_id))
            ended.wait(interval)


def run(workload: "ExecutorWorkload", conf: Any) -> int:
    """Run a workload in this process, with the code of its run's release."""
    from airflow.executors.base_executor import BaseExecutor, get_execution_api_server_url
    from airflow.executors.workloads.base import BaseDagBundleWorkload

    from fargate.bundle import run_as

    run_as(workload.bundle_info.version if isinstance(workload, BaseDagBundleWorkload) else None)
    return BaseExecutor.run_workload(
        workload,
        server=get_execution_api_server_url(conf),
        proctitle=f"airflow worker -- LocalExecutor: {workload.display_name}",
        subprocess_logs_to_stdout=True,
    )


def close_pooled_connections() -> None:
    """Let no fork have the scheduler's connections to the database.

    As long as it had, Postgres would not notice that the scheduler died, and would keep its locks.
    """
    from airflow import settings as airflow_settings

    if airflow_settings.engine is not None:
        airflow_settings.engine.dispose()


def beat(job_id: int | str | None) -> None:
    """Tell the other schedulers that this one's job lives, as its own loop does not while it ends."""
    from airflow.jobs.job import Job, JobState
    from airflow.utils.session import create_session
    from sqlalchemy import update

    alive = update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING)
    with create_session() as session:
        session.execute(alive.values(latest_heartbeat=datetime.now(UTC)))


def _guarded(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        log.exception("%s failed while the scheduler stops; the stop goes on", call)
