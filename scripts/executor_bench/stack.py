"""The stack that is measured: one class of executor in it, and room for thousands of tasks."""

import json
import os
import shutil
import signal
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import psutil
import psycopg2
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.models.dag_run_patch_body import DAGRunPatchBody

from infra.local import processes, services, stack
from infra.local.environment import control_plane
from infra.local.health import DIRECT
from infra.local.layout import Layout
from scripts.airflow_api import Airflow
from scripts.dag_run import start
from scripts.executor_bench import dags
from scripts.executor_bench.meter import Meter, export_to
from scripts.ports import free_port

CLASSES = {
    "stock": "airflow.providers.amazon.aws.executors.ecs.ecs_executor.AwsEcsExecutor",
    "ours": "fargate.executor.AwsFargateExecutor",
}
MOST_TASKS = 10_000
ENDED = ("success", "failed")
PARSED_WITHIN_S = 90
POLL_S = 0.2


class TookTooLong(RuntimeError):
    """Something that was waited for did not come; the message says what."""


def settings(executor: str, meter_port: int) -> dict[str, str]:
    """Return what the stack of a class has besides docker/airflow.env: room, and a meter."""
    room = str(MOST_TASKS)
    return {
        "AIRFLOW__CORE__EXECUTOR": f"LocalExecutor,FargateExecutor:{CLASSES[executor]}",
        "AIRFLOW__CORE__PARALLELISM": room,
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": room,
        "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": room,
        "AIRFLOW__CORE__MAX_MAP_LENGTH": room,
        # LocalExecutor, which runs nothing here, would fork as many workers at its start
        "AIRFLOW__SCHEDULER__MP_START_METHOD": "forkserver",
        # more than the quota lets start in one loop of the scheduler
        "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": "256",
        **export_to(meter_port),
    }


class BenchStack:
    """One stack, from nothing, with the DAGs of the bench."""

    def __init__(self, state: Path, executor: str, meter: Meter) -> None:
        self.layout = Layout(state, free_port(), free_port(), state / "dags")
        self.meter = meter
        self._settings = settings(executor, meter.port)

    @contextmanager
    def running(self, sizes: Iterable[int], holders: int) -> Iterator["BenchStack"]:
        """Start from nothing, with DAGs of these sizes; stop and forget everything afterwards."""
        self.layout.dags.mkdir(parents=True, exist_ok=True)
        dags.write(self.layout.dags, sizes, holders)
        lines = (f"{name}={value}\n" for name, value in self._settings.items())
        (self.layout.state / "airflow.env").write_text("".join(lines))
        stack.reset(self.layout)
        try:
            stack.start(self.layout)
            stack.wait(self.layout)
            yield self
        finally:
            stack.reset(self.layout)
            shutil.rmtree(self.layout.state)

    @cached_property
    def airflow(self) -> Airflow:
        return Airflow(self.layout.airflow_url, "admin", "admin")

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Start a run as soon as its DAG is parsed."""
        parsed = "SELECT 1 FROM dag WHERE dag_id = %s"
        self.eventually(lambda: self.query(parsed, dag_id), PARSED_WITHIN_S, f"{dag_id} to be parsed")
        start(self.airflow, dag_id, run_id, {}, unpause=True)

    def finish(self, run_id: str, timeout: float) -> None:
        """Wait until a run has ended, well or not."""
        state = "SELECT 1 FROM dag_run WHERE run_id = %s AND state = ANY(%s)"
        self.eventually(lambda: self.query(state, run_id, list(ENDED)), timeout, f"{run_id} to end")

    def give_up(self, dag_id: str, run_id: str) -> None:
        """Fail a run that does not end, so that what is measured next does not start its tasks."""
        body = DAGRunPatchBody(state="failed")
        self.airflow.call(DagRunApi(self.airflow.client).patch_dag_run, dag_id, run_id, body)

    def eventually(self, look: Callable[[], Any], within: float, what: str, every: float = POLL_S) -> Any:
        """Return what ``look`` finds as soon as that is not empty."""
        deadline = time.monotonic() + within
        while not (found := look()):
            if time.monotonic() > deadline:
                raise TookTooLong(f"waited {within:.0f} s for {what}")
            time.sleep(every)
        return found

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the metadata database itself: a look at it shall not cost the api-server."""
        address = {"host": str(self.layout.sockets), "user": "airflow", "dbname": "postgres"}
        with closing(psycopg2.connect(**address)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def fargate(self, page: str, faults: dict[str, Any] | None = None) -> Any:
        """Read a page of the emulated Fargate, or put its faults."""
        body, method = (json.dumps(faults).encode(), "PUT") if faults is not None else (None, "GET")
        request = urllib.request.Request(f"{self.layout.aws_url}/_fargate/{page}", body, method=method)
        with DIRECT.open(request, timeout=60) as answer:
            return json.load(answer)

    def last_event(self) -> int:
        events = self.fargate("events")
        return int(events[-1]["seq"]) if events else 0

    def roots(self) -> dict[str, psutil.Process]:
        """Return the main process of each part of the stack."""
        states = services.states(self.layout) or {}
        return {name: psutil.Process(entry["pid"]) for name, entry in states.items() if entry["pid"]}

    def kill(self, pid: int) -> None:
        """kill -9 a process of this stack."""
        assert pid in {process.pid for process in processes.of_stack(self.layout)}, f"{pid} is not of this stack"
        os.kill(pid, signal.SIGKILL)

    @contextmanager
    def second_scheduler(self) -> Iterator[None]:
        """Run one more scheduler of this stack, until it is left; wait until the database knows of it."""
        newer = "SELECT 1 FROM job WHERE job_type = 'SchedulerJob' AND id > %s"
        [(newest,)] = self.query("SELECT max(id) FROM job")
        command = [str(self.layout.venv / "bin" / "airflow"), "scheduler", "--skip-serve-logs"]
        process = Popen(command, env=control_plane(self.layout), cwd=self.layout.run, stdout=DEVNULL, stderr=DEVNULL)
        try:
            self.eventually(lambda: self.query(newer, newest), 90, "the second scheduler")
            yield
        finally:
            main = psutil.Process(process.pid)
            processes.end_all([main, *main.children(recursive=True)])
