"""A stack with one DAG in which only the database, the api-server and AWS work."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.exceptions import NotFoundException
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody

from infra.local import processes, stack
from infra.local.environment import control_plane
from infra.local.layout import ROOT, Layout
from infra.local.names import REGION, WORKER_FAMILY
from scripts.airflow_api import Airflow
from scripts.ports import free_port


class QuietStack:
    """A running stack whose scheduler, dag-processor and triggerer are stopped."""

    def __init__(self, layout: Layout, dag_id: str) -> None:
        self.layout, self._dag_id = layout, dag_id
        self._airflow = Airflow(layout.airflow_url, "admin", "admin")
        if not processes.until(self._knows_dag, 60, 1):
            sys.exit(f"the DAG {dag_id} did not appear")
        supervisorctl = [str(layout.venv / "bin" / "supervisorctl"), "-s", f"unix://{layout.sockets}/supervisor.sock"]
        stopped = ["scheduler", "dag-processor", "triggerer"]
        subprocess.run([*supervisorctl, "stop", *stopped], check=True, stdout=subprocess.DEVNULL)

    def workloads(self, count: int) -> list[dict[str, Any]]:
        """Return the workloads of as many new runs of a DAG of one task, queued but not launched."""
        for number in range(count):
            body = TriggerDAGRunPostBody(dag_run_id=f"bench-{number}", logical_date=None)
            self._airflow.call(DagRunApi(self._airflow.client).trigger_dag_run, self._dag_id, body)
        command = [sys.executable, "-m", "scripts.queued_workloads", self._dag_id]
        environment = {**control_plane(self.layout), "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
        said = subprocess.run(command, env=environment, cwd=self.layout.run, check=True, stdout=subprocess.PIPE)
        found = [json.loads(line) for line in said.stdout.splitlines() if line.startswith(b"{")]
        if len(found) != count:
            sys.exit(f"{len(found)} workloads instead of {count}")
        return found

    def states(self) -> list[str]:
        """Return the states of all task instances of the DAG."""
        api = TaskInstanceApi(self._airflow.client)
        found = self._airflow.all(api.get_task_instances, "task_instances", self._dag_id, "~")
        return [str(task.state.value) if task.state else "none" for task in found]

    def worker_environment(self) -> dict[str, str]:
        """Return the environment of a worker's container, as ECS has it."""
        described = self.client("ecs").describe_task_definition(taskDefinition=WORKER_FAMILY)
        [container] = described["taskDefinition"]["containerDefinitions"]
        return {pair["name"]: pair["value"] for pair in container["environment"]}

    def client(self, service: str) -> Any:
        connect: Any = boto3.client
        keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
        return connect(service, endpoint_url=self.layout.aws_url, region_name=REGION, **keys)

    def _knows_dag(self) -> bool:
        try:
            self._airflow.call(DAGApi(self._airflow.client).get_dag, self._dag_id)
        except NotFoundException:
            return False
        return True


@contextmanager
def quiet_stack(state: Path, dag_id: str, source: str) -> Iterator[QuietStack]:
    """Start a stack with a DAG, and forget it afterwards."""
    layout = Layout(state, free_port(), free_port(), state / "dags")
    stack.reset(layout)
    layout.dags.mkdir(parents=True, exist_ok=True)
    (layout.dags / f"{dag_id}.py").write_text(source)
    try:
        stack.start(layout)
        stack.wait(layout)
        yield QuietStack(layout, dag_id)
    finally:
        stack.reset(layout)
