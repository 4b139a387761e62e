"""What a smoke test looks at once its run has ended. Each check gives what is wrong, in words."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.api.monitor_api import MonitorApi
from airflow_client.client.exceptions import ApiException

from scripts import fargate_tasks
from scripts.airflow_api import Airflow, Problem, detail
from scripts.dag_run import DagRun
from scripts.failures import content

UPLOADED_WITHIN_S = 30.0  # a worker reports the end of its task first, and uploads the log then
POLL_S = 1.0
HEALTH_POLL_S = 5.0
PATIENCE = 3  # looks in a row that may find something unhealthy
PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class Code(IntEnum):
    """Exit codes of scripts/smoke, besides those of scripts/airflow_api.py."""

    LABELS = 11
    LOGS = 12
    RELEASE = 13
    IMAGE = 14
    HEALTH = 15


@dataclass(frozen=True)
class Fault:
    code: Code
    message: str


def labels(run: DagRun) -> Iterator[Fault]:
    """Each mapped task has a label, and there is one."""
    mapped = [task for task in run.tasks if task.map_index >= 0]
    if not mapped:
        yield Fault(Code.LABELS, f"{run.dag_id} has no mapped task, so that no label can be seen")
    for task in mapped:
        if not task.rendered_map_index or task.rendered_map_index == str(task.map_index):
            yield Fault(Code.LABELS, f"{task.task_id}[{task.map_index}] has no label: is its map_index_template right?")


def logs(run: DagRun) -> Iterator[Fault]:
    """The log of each task is in S3, and the api-server reads it from there."""
    deadline = time.monotonic() + UPLOADED_WITHIN_S
    for task in run.tasks:
        while not _in_s3(where := _where(run, task)) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        if not _in_s3(where):
            name = f"{task.task_id}[{task.map_index}]" if task.map_index >= 0 else task.task_id
            yield Fault(Code.LOGS, f"the log of {name} is not in S3: it is read from {', '.join(where) or 'nowhere'}")


def _where(run: DagRun, task: Any) -> list[str]:
    try:
        return sources(run.airflow.call(content, run, task))
    except ApiException as error:
        return [f"nowhere ({error.status} {detail(error)})"]


def _in_s3(where: list[str]) -> bool:
    return any(source.startswith("s3://") for source in where)


def sources(entries: list[Any]) -> list[str]:
    """Return where the api-server says that a log is from: what stands first in it."""
    events = [str(entry.get("event", "")) for entry in entries if isinstance(entry, dict)]
    if not events or not events[0].startswith("::group::") or "::endgroup::" not in events:
        return []
    return events[1 : events.index("::endgroup::")]


def release(run: DagRun, digest: str | None) -> Iterator[Fault]:
    """The run is pinned to the release of this digest."""
    told = version(run)
    if digest and not (told or "").endswith(f"-{digest.removeprefix('sha256:')[:8]}"):
        pinned = f"to {told}" if told else "to none: FARGATE_RELEASE is not set where it was started"
        yield Fault(Code.RELEASE, f"{run.run_id} is pinned {pinned}, and not to a release of {digest}")


def version(run: DagRun) -> str | None:
    """Return the release that the run began with."""
    told: Any = run.airflow.call(DagRunApi(run.airflow.client).get_dag_run, run.dag_id, run.run_id)
    return str(told.bundle_version) if told.bundle_version else None


def images(run: DagRun, found: dict[str, str], digest: str | None) -> Iterator[Fault]:
    """Fargate ran tasks for the run, of the image of this digest.

    :param found: what :func:`fargate_tasks.digests` gave
    """
    if not found:
        yield Fault(Code.IMAGE, f"ECS knows no task of {run.run_id}: is it the right cluster?")
    for task, image in found.items():
        if digest and image != digest:
            what = image or "an image that ECS tells nothing of"
            yield Fault(Code.IMAGE, f"the Fargate task {task} ran {what}, not {digest}")


def ran(ecs: Any, cluster: str, run: DagRun) -> dict[str, str]:
    """Return the image of each Fargate task of the run."""
    return fargate_tasks.digests(fargate_tasks.of_run(ecs, cluster, run.dag_id, run.run_id))


def health(airflow: Airflow, seconds: float) -> Iterator[Fault]:
    """Look at the health page for so long; give what is wrong as soon as it is for some looks in a row."""
    end, bad = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        wrong = unhealthy(airflow)
        bad = bad + 1 if wrong else 0
        if bad >= PATIENCE:
            yield Fault(Code.HEALTH, f"unhealthy: {wrong}")
            return
        time.sleep(HEALTH_POLL_S)


def unhealthy(airflow: Airflow) -> str:
    """Return which parts the health page does not call healthy, or why it cannot be read; "" when all is well."""

    def with_login(**options: Any) -> Any:
        # the client sends none, since Airflow asks for none; nginx does
        login = {"Authorization": f"Bearer {airflow.client.configuration.access_token}"}
        return MonitorApi(airflow.client).get_health(_headers=login, **options)

    try:
        page = airflow.call(with_login)
    except (Problem, ApiException) as error:
        return f"the health page answered {error.status}" if isinstance(error, ApiException) else str(error)
    states = {part: getattr(getattr(page, part, None), "status", None) for part in PARTS}
    return ", ".join(f"{part} is {state or 'away'}" for part, state in states.items() if state != "healthy")
