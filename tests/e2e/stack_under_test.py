"""A stack of the tests' own: its state, its ports, and ways to look at what it does."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import psutil
from airflow_client.client import DAGPatchBody
from airflow_client.client.api.dag_api import DAGApi

from infra.local import processes
from infra.local.layout import ROOT, Layout
from infra.local.names import REGION
from scripts.airflow_api import Airflow, Problem
from scripts.dag_run import DagRun, start
from scripts.failures import log_end

LONG_AGO = "2026-01-01T00:00:00+00:00"  # ahead of whatever else is queued


@dataclass
class StackUnderTest:
    """One local stack below ``state``, with copies of the DAGs that a test may add to."""

    state: Path
    airflow_port: int = field(default_factory=lambda: free_port())
    aws_port: int = field(default_factory=lambda: free_port())
    runtime: str = "process"

    @property
    def layout(self) -> Layout:
        return Layout(self.state, self.airflow_port, self.aws_port, self.state / "dags", self.runtime)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of somebody who works with this stack."""
        passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "DOCKER_HOST") if name in os.environ}
        ports = {"AIRFLOW_PORT": str(self.airflow_port), "AWS_PORT": str(self.aws_port)}
        return {
            **passed_on,
            **ports,
            "STACK_DIR": str(self.state),
            "DAGS_DIR": str(self.layout.dags),
            "RUNTIME": self.runtime,
        }

    def run(self, *command: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command of the checkout as that somebody."""
        result = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        if check and result.returncode:
            raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout}\n{result.stderr}")
        return result

    def local(self, command: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "infra.local", command, check=check)

    def settings(self, **values: str) -> None:
        """Give this stack settings of its own, from its next start on."""
        self.state.mkdir(parents=True, exist_ok=True)
        (self.state / "airflow.env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))

    def make(self) -> None:
        """Start from nothing."""
        self.local("reset")
        shutil.rmtree(self.layout.dags, ignore_errors=True)  # of tests that were interrupted
        shutil.copytree(ROOT / "dags", self.layout.dags, ignore=shutil.ignore_patterns("__pycache__"))
        self.local("up")

    @cached_property
    def airflow(self) -> Airflow:
        return Airflow(self.layout.airflow_url, "admin", "admin")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.layout.aws_url,
            region_name=REGION,
            aws_access_key_id="tests",
            aws_secret_access_key="tests",
        )

    def fargate(self, page: str, faults: dict[str, Any] | None = None) -> Any:
        """Read a page of the emulated Fargate, or put its faults."""
        body, method = (json.dumps(faults).encode(), "PUT") if faults is not None else (None, "GET")
        request = urllib.request.Request(f"{self.layout.aws_url}/_fargate/{page}", body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def tasks_of(self, run_id: str) -> list[dict[str, Any]]:
        """Return what Fargate ran for a DAG run."""
        return [task for task in self.fargate("tasks") if task["tags"].get("run_id") == run_id]

    def start(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> DagRun:
        def started() -> DagRun | None:
            try:
                return start(self.airflow, dag_id, run_id, conf or {}, unpause=True, run_after=LONG_AGO)
            except Problem as problem:
                if "try again" not in str(problem):
                    raise
                return None

        run: DagRun = eventually(started, within=20)
        return run

    def is_paused(self, dag_id: str) -> bool:
        return bool(self.airflow.call(DAGApi(self.airflow.client).get_dag, dag_id).is_paused)

    def pause(self, dag_id: str) -> None:
        self.airflow.call(DAGApi(self.airflow.client).patch_dag, dag_id, DAGPatchBody(is_paused=True))

    def finish(self, run: DagRun, timeout: float = 240) -> str:
        return run.wait(timeout, lambda *_: None, poll=0.5)

    def log_of(self, run: DagRun, task: Any, line: str) -> list[str]:
        """Return a task's log as REST gives it, as soon as ``line`` is in it.

        A worker reports the end of its task first and uploads the log then.
        """

        def complete() -> list[str]:
            lines = log_end(run, task, lines=1000)
            return lines if any(line in entry for entry in lines) else []

        return list(eventually(complete, within=20))

    def pid(self, name: str) -> int:
        """Return the process id of a part of the stack."""
        from infra.local import services

        states = services.states(self.layout)
        assert states
        return int(states[name]["pid"])

    def what_is_left(self) -> list[str]:
        """Return the processes and open ports that the stack has; after `down` there must be none."""
        left = [f"process {p.pid} {p.cmdline()}" for p in processes.of_stack(self.layout)]
        left += [f"process {p.pid} {p.cmdline()}" for p in mentioning(self.state)]
        return left + [f"port {port}" for port in (self.airflow_port, self.aws_port) if is_open(port)]


def mentioning(folder: Path) -> list[psutil.Process]:
    """Return processes whose command line names a folder: another way to look than the stack's own."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if process.pid != os.getpid() and any(str(folder) in part for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(look: Callable[[], Any], within: float, every: float = 0.2) -> Any:
    """Return what ``look`` finds as soon as that is not empty, or fail."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within} s: {look}"
        time.sleep(every)
    return found
