"""A container without a process: the emulator itself reports the Airflow task as done.

For measuring schedulers and executors with thousands of tasks on a small machine: the
workload's transitions reach the Execution API as a worker would send them, at none of a
worker's cost.
"""

import json
import logging
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from infra.local.aws.container import ContainerSpec, Exit
from infra.local.aws.process_tree import Snapshot

log = logging.getLogger(__name__)
POOL = ThreadPoolExecutor(max_workers=16, thread_name_prefix="noop")


class NoopContainer:
    """Looks like a Container and ends with exit code 0 once the Execution API was told."""

    output = pid = digest = None
    peak_bytes = 0

    def __init__(self, spec: ContainerSpec) -> None:
        self._done = threading.Event()
        POOL.submit(self._report, spec)

    def started(self) -> bool:
        return True

    def poll(self) -> Exit | None:
        return Exit(0, 0.0) if self._done.is_set() else None

    def measure(self, table: Snapshot) -> int:
        return 0

    def terminate(self) -> None:
        self._done.set()

    kill = terminate

    def _report(self, spec: ContainerSpec) -> None:
        try:
            report_success(spec)
        except Exception:
            # not the command: it has the token, or the way to it
            log.exception("noop: the Execution API did not take the end of a task")
        finally:
            self._done.set()


def report_success(spec: ContainerSpec) -> None:
    """Send the workload's RUNNING and SUCCESS to the Execution API."""
    workload = workload_of(spec.command)
    server = spec.environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].rstrip("/")
    url = f"{server}/task-instances/{workload['ti']['id']}"
    now = datetime.now(UTC).isoformat()
    started = {"state": "running", "hostname": "noop", "unixname": "noop", "pid": 1, "start_date": now}
    answer = _patch(f"{url}/run", workload["token"], started)
    token = answer.headers.get("Refreshed-API-Token") or workload["token"]
    _patch(f"{url}/state", token, {"state": "success", "end_date": now, "task_outlets": [], "outlet_events": []})


def workload_of(command: list[str]) -> dict[str, Any]:
    """Return the workload that a worker's command holds, or refers to: ``s3://bucket/key``.

    What it refers to is deleted, as a worker would.
    """
    workload: dict[str, Any]
    if "--json-string" in command:
        workload = json.loads(command[command.index("--json-string") + 1])
    else:
        bucket, _, key = command[-1].removeprefix("s3://").partition("/")
        workload = json.loads(_take(bucket, key))["workload"]
    return workload


def _take(bucket: str, key: str) -> bytes:
    s3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    found = s3.get_object(bucket, key)
    if found is None:
        raise LookupError(f"the payload is not in {bucket} any more")
    body: bytes = found.value
    s3.delete_object(bucket, key)
    return body


def _patch(url: str, token: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="PATCH")
    try:
        return urllib.request.urlopen(request, timeout=30)
    except OSError as error:
        error.add_note(f"PATCH {url}")
        raise
