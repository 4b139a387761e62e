"""A process that forks a worker for each workload, so that the scheduler itself never forks.

The scheduler has threads: a fork of it would copy locks that nobody is left to release. This
process is forked before there are any, has none, and has imported what a task needs: a worker
costs a fork. It is the only one that writes to the scheduler, and writes nothing but text, so that
a worker can break neither the channel nor the scheduler, however it ends.
"""

import gc
import importlib
import logging
import multiprocessing
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.executors.local_executor import setproctitle as name_process

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from airflow.executors.workloads import ExecutorWorkload

log = logging.getLogger(__name__)

Run = Callable[["ExecutorWorkload"], object]
LONGEST_REASON = 1000  # what fits into a pipe that nobody reads yet, and into a line of the UI
PRELOAD = ("airflow.sdk.execution_time.supervisor", "airflow.sdk.execution_time.task_runner", "fargate.bundle")


class Result(NamedTuple):
    """How a workload ended; ``reason`` says why when it failed."""

    key: Any
    state: Any
    reason: str | None


class WorkerTemplate:
    """The scheduler's end of the process."""

    def __init__(self, run: Run) -> None:
        context: Any = multiprocessing.get_context(start_method())
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._pipe, run), name="LocalLane")
        gc.freeze()  # a collection in the child would copy all that the scheduler has in memory
        try:
            self._process.start()
        finally:
            gc.unfreeze()
            theirs.close()

    def send(self, workload: "ExecutorWorkload | None") -> None:
        """Have a workload run; None: there are no more. ``OSError`` when the process is gone."""
        self._pipe.send(workload)

    def results(self) -> list[Result]:
        """Return what ended since."""
        found = []
        with suppress(EOFError, OSError):  # the process is gone
            while self._pipe.poll():
                found.append(self._pipe.recv())
        return found

    def ended(self, within: float = 0) -> bool:
        """Tell whether the process has ended or does within so many seconds."""
        self._process.join(within)
        return not self._process.is_alive()


def start_method() -> str:
    """Return how a process is started: by fork where that is safe, which it is without threads."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


def serve(pipe: Connection, ours: Connection, run: Run) -> None:
    """Fork workers until the scheduler has no more workloads, or is gone, and all are done."""
    ours.close()  # held open here, it would never tell that the scheduler is gone
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)  # tasks run to their end; the scheduler says when
    for module in PRELOAD:
        importlib.import_module(module)
    name_process("airflow worker -- LocalExecutor: <template>", log)  # type: ignore[no-untyped-call]
    gc.freeze()
    workers: dict[int, Worker] = {}
    open_ = True
    while open_ or workers:
        for ready in wait([*workers, *([pipe] if open_ else [])]):
            if isinstance(ready, int):  # the sentinel of a worker that has ended
                _report(pipe, workers.pop(ready).result())
            elif workload := _next(pipe):
                _start(workload, run, pipe, workers)
            else:
                open_ = False


def _next(pipe: Connection) -> "ExecutorWorkload | None":
    try:
        workload: ExecutorWorkload | None = pipe.recv()
    except (EOFError, OSError):
        log.warning("The scheduler is gone; what runs is finished and nothing else is started")
        return None
    return workload


def _start(workload: "ExecutorWorkload", run: Run, pipe: Connection, workers: "dict[int, Worker]") -> None:
    try:
        worker = Worker(workload, run, pipe)
    except OSError as error:  # out of processes, memory or files
        _report(pipe, Result(workload.key, workload.failure_state, f"no process could be started: {error}"))
    else:
        workers[worker.sentinel] = worker


def _report(pipe: Connection, result: Result) -> None:
    with suppress(OSError):  # nobody is left to read it
        pipe.send(result)


class Worker:
    """A process that runs one workload."""

    def __init__(self, workload: "ExecutorWorkload", run: Run, pipe: Connection) -> None:
        context: Any = multiprocessing.get_context(start_method())
        self._workload = workload
        self._reason, theirs = context.Pipe(duplex=False)
        self._process: BaseProcess = context.Process(target=work, args=(workload, run, theirs, pipe))
        self._process.start()
        theirs.close()

    @property
    def sentinel(self) -> int:
        return self._process.sentinel

    def result(self) -> Result:
        """Return how the workload ended, once the process did."""
        self._process.join()
        workload = self._workload
        if self._process.exitcode == 0:
            return Result(workload.key, workload.success_state, None)
        reason = f"its process on LocalExecutor ended with exit code {self._process.exitcode}"
        if self._reason.poll():
            with suppress(EOFError):  # it died without a word
                reason = self._reason.recv()
        return Result(workload.key, workload.failure_state, reason)


def work(workload: "ExecutorWorkload", run: Run, reason: Connection, pipe: Connection) -> None:
    """Run a workload, and say in words why it failed: not every exception can be unpickled."""
    pipe.close()
    try:
        run(workload)
    except Exception as error:
        log.exception("%s failed", workload.display_name)
        reason.send("".join(traceback.format_exception_only(error)).strip()[:LONGEST_REASON])
        sys.exit(1)
