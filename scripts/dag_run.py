"""One DAG run: started, found again, followed to its end."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.exceptions import (
    BadRequestException,
    ConflictException,
    NotFoundException,
    ServiceException,
    UnprocessableEntityException,
)
from airflow_client.client.models.dag_patch_body import DAGPatchBody
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody

from scripts.airflow_api import Airflow, Exit, Problem, detail
from scripts.run_progress import label

POLL_S = 1.0
OUTAGE_S = 120.0  # how long a server may be away, as in a deploy, while a run is followed
ENDED = ("success", "failed")
Watcher = Callable[[str, list[Any]], None]


class DagRun:
    """A run that the server knows. ``created`` tells whether this call started it."""

    def __init__(self, airflow: Airflow, dag_id: str, run_id: str, created: bool) -> None:
        self.airflow, self.dag_id, self.run_id, self.created = airflow, dag_id, run_id, created
        self._began = time.monotonic()
        self.state = "queued"
        self.tasks: list[Any] = []

    @property
    def url(self) -> str:
        return f"{self.airflow.url}/dags/{self.dag_id}/runs/{quote(self.run_id)}"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def wait(self, timeout: float, watch: Watcher, poll: float = POLL_S) -> str:
        """Follow the run until it ends; return its state. ``watch`` sees each look at it."""
        answered = time.monotonic()
        while True:
            try:
                self.refresh()
                answered = time.monotonic()
            except (Problem, ServiceException) as error:
                self._check_outage(error, time.monotonic() - answered)
            watch(self.state, self.tasks)
            if self.state in ENDED:
                return self.state
            if self.seconds > timeout:
                raise Problem(Exit.TIMEOUT, f"{self.run_id} is still {self.state} after {timeout:g} s: {self.url}")
            time.sleep(poll)

    def _check_outage(self, error: Problem | ServiceException, seconds: float) -> None:
        if isinstance(error, Problem) and error.code == Exit.LOGIN:
            raise error
        if seconds > OUTAGE_S:
            reason = f"{error.status} {error.reason}" if isinstance(error, ServiceException) else error
            raise Problem(Exit.UNREACHABLE, f"no answer for {OUTAGE_S:.0f} s: {reason}")

    def refresh(self) -> None:
        """Read the state of the run and of its task instances."""
        run = self.airflow.call(DagRunApi(self.airflow.client).get_dag_run, self.dag_id, self.run_id)
        api = TaskInstanceApi(self.airflow.client)
        self.tasks = self.airflow.all(api.get_task_instances, "task_instances", self.dag_id, self.run_id)
        self.state = str(run.state.value)

    def as_json(self) -> dict[str, Any]:
        """Return the run and its task instances as plain values; times are seconds."""
        fields = ("task_id", "map_index", "state", "try_number", "executor", "duration", "start_date", "end_date")
        tasks = [{**{name: getattr(task, name) for name in fields}, "label": label(task)} for task in self.tasks]
        run = {"dag_id": self.dag_id, "run_id": self.run_id, "created": self.created, "state": self.state}
        return {**run, "url": self.url, "tasks": tasks}


def start(
    airflow: Airflow,
    dag_id: str,
    run_id: str,
    conf: dict[str, Any],
    *,
    unpause: bool = False,
    run_after: str | None = None,
) -> DagRun:
    """Start a run, or find the one that was started before with this id and this conf.

    :raises Problem: with the exit code that tells what is wrong with the request
    """
    paused = _check_dag(airflow, dag_id, conf, unpause)
    body = TriggerDAGRunPostBody(
        dag_run_id=run_id, conf=conf, logical_date=None, run_after=_time(run_after) if run_after else None
    )
    try:
        airflow.call(DagRunApi(airflow.client).trigger_dag_run, dag_id, body)
        run = DagRun(airflow, dag_id, run_id, created=True)
    except ConflictException:
        run = _found(airflow, dag_id, run_id, conf)
    except (BadRequestException, UnprocessableEntityException) as error:
        raise Problem(Exit.INVALID_CONF, f"{dag_id} refuses this conf: {detail(error)}") from None
    if paused:
        airflow.call(DAGApi(airflow.client).patch_dag, dag_id, DAGPatchBody(is_paused=False))
    return run


def _check_dag(airflow: Airflow, dag_id: str, conf: dict[str, Any], unpause: bool) -> bool:
    """Return whether the DAG is paused; a paused one is a problem unless it shall be unpaused.

    Airflow checks the values of a conf and passes over names that no Param has; here a
    misspelt name is a problem as well.
    """
    try:
        dag = airflow.call(DAGApi(airflow.client).get_dag_details, dag_id)
    except NotFoundException:
        raise Problem(Exit.UNKNOWN_DAG, _unknown(airflow, dag_id)) from None
    if dag.is_paused and not unpause:
        raise Problem(
            Exit.PAUSED, f"{dag_id} is paused, so the run would wait: unpause it in the UI, or with --unpause"
        )
    unknown = sorted(conf.keys() - dag.params.keys()) if dag.params else []
    if unknown:
        legal = ", ".join(dag.params)
        raise Problem(Exit.INVALID_CONF, f"{dag_id} has no parameter {', '.join(unknown)}; it has {legal}")
    return bool(dag.is_paused)


def _unknown(airflow: Airflow, dag_id: str) -> str:
    names = sorted(dag.dag_id for dag in airflow.all(DAGApi(airflow.client).get_dags, "dags"))
    if dag_id in names:
        return f"the DAG {dag_id!r} was parsed a moment ago and cannot be started yet: try again in some seconds"
    known = f"there are {', '.join(names)}" if names else "there is none at all"
    return f"there is no DAG {dag_id!r} at {airflow.url}; {known}"


def _found(airflow: Airflow, dag_id: str, run_id: str, conf: dict[str, Any]) -> DagRun:
    stored = airflow.call(DagRunApi(airflow.client).get_dag_run, dag_id, run_id)
    if (stored.conf or {}) != conf:
        both = f"stored {json.dumps(stored.conf, sort_keys=True)}, asked for {json.dumps(conf, sort_keys=True)}"
        raise Problem(Exit.CONFLICT, f"the run {run_id} exists with another conf: {both}")
    run = DagRun(airflow, dag_id, run_id, created=False)
    run.state = str(stored.state.value)
    return run


def _time(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if not parsed or not parsed.tzinfo:
        raise Problem(Exit.USAGE, f"--run-after {text!r} is not a time with its zone, as 2026-11-21T06:00:00+09:00 is")
    return parsed
