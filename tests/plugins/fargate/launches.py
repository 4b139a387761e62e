"""Launches for a launcher, and what it is made of."""

from typing import Any

from fargate.answers import Kind
from fargate.launch import Launch
from fargate.quota import Quota
from tests.plugins.fargate.cloud import error, eventually
from tests.plugins.fargate.workloads import workload

NO_LIMIT = {name: Quota(1000, 1000) for name in ("calls", "launches", "spot launches")}
BASE = {
    "cluster": "airflow",
    "taskDefinition": "airflow-worker",
    "launchType": "FARGATE",
    "overrides": {"containerOverrides": [{"name": "airflow", "command": []}]},
}
SPOT = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
LIMIT = error("ClientException", "You've reached the limit on the number of vCPUs you can run concurrently")


def launch(number: int, release: str | None = None, config: Any = None) -> Launch:
    launch_id = f"0190aaaa-1111-7000-8000-{number:012}"
    made = workload(launch_id=launch_id)
    made.bundle_info.version = release
    return Launch(number, launch_id, made, config or {}, launch_id, {"dag_id": "d"})


def kinds(launcher: Any, count: int, within: float = 5) -> list[Kind]:
    found: list[Any] = []
    eventually(lambda: found.extend(launcher.answered()) or len(found) >= count, within)
    return [answer.kind for _, answer in found]


def raising(exception: Exception) -> Any:
    def fault(_: Any) -> None:
        raise exception

    return fault
