"""ECS and S3 as far as the executor uses them, in memory, and the part of the database that it writes."""

import io
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

ARN = "arn:aws:ecs:ap-northeast-2:123456789012:task/airflow/"
Fault = Callable[[dict[str, Any]], Any]


def error(code: str, message: str = "", **more: Any) -> ClientError:
    """Make the error that a client raises for an answer of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "RunTask")


class Ecs:
    """Idempotent as ECS is. ``faults`` are asked before a launch and ``afterwards`` behind it, one a call."""

    def __init__(self, model: Any) -> None:
        self._model, self._lock = model, threading.Lock()
        self.calls: list[dict[str, Any]] = []
        self.tasks: dict[str, dict[str, Any]] = {}
        self.faults: list[Fault] = []
        self.afterwards: list[Fault] = []
        self.stopped: list[str] = []
        self.names_conflicts = True

    def run_task(self, **request: Any) -> dict[str, Any]:
        request.setdefault("clientToken", str(uuid4()))  # as botocore does
        self._check("RunTask", request)
        with self._lock:
            self.calls.append(request)
            if self.faults and (answer := self.faults.pop(0)(request)):
                return dict(answer)
            known = [t for t in self.tasks.values() if t["clientToken"] == request["clientToken"]]
            if known and known[0]["request"] != request:
                named = {"resourceIds": [known[0]["taskArn"]]} if self.names_conflicts else {}
                raise error("ConflictException", "in use", **named)
            task = known[0] if known else self.task(request.get("startedBy", ""), request["clientToken"], request)
            if self.afterwards:
                self.afterwards.pop(0)(request)
        return {"tasks": [task], "failures": []}

    def task(self, started_by: str, token: str = "", request: Any = None, **changes: Any) -> dict[str, Any]:
        """Let a task run, started by somebody."""
        arn = f"{ARN}{len(self.tasks):032}"
        self.tasks[arn] = {
            **{"taskArn": arn, "startedBy": started_by, "clientToken": token, "request": request},
            **{"lastStatus": "PROVISIONING", "desiredStatus": "RUNNING", "createdAt": datetime.now(UTC)},
            **{"cpu": "256", "memory": "512", "containers": [{"name": "airflow"}], **changes},
        }
        return self.tasks[arn]

    def describe_tasks(self, **request: Any) -> dict[str, Any]:
        self._check("DescribeTasks", request)
        found = [self.tasks[arn] for arn in request["tasks"] if arn in self.tasks]
        missing = [{"arn": arn, "reason": "MISSING"} for arn in request["tasks"] if arn not in self.tasks]
        return {"tasks": found, "failures": missing}

    def list_tasks(self, **request: Any) -> dict[str, Any]:
        self._check("ListTasks", request)
        wanted = request["startedBy"], request.get("desiredStatus", "RUNNING")
        return {"taskArns": [a for a, t in self.tasks.items() if (t["startedBy"], t["desiredStatus"]) == wanted]}

    def stop_task(self, **request: Any) -> dict[str, Any]:
        self._check("StopTask", request)
        self.stopped.append(request["task"])
        return {"task": self.tasks[request["task"]]}

    def _check(self, operation: str, request: dict[str, Any]) -> None:
        report = ParamValidator().validate(request, self._model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()


class S3:
    """One bucket: ``objects`` by their key."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:
        self.objects[Key] = Body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise error("NoSuchKey")
        return {"Body": io.BytesIO(self.objects[Key])}

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:
        return {"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}


class Cloud:
    """Stands in for fargate.aws.Aws."""

    def __init__(self, model: Any) -> None:
        self.ecs, self.s3, self.forgotten = Ecs(model), S3(), 0

    def forget(self) -> None:
        self.forgotten += 1


class Database:
    """Stands in for fargate.stored."""

    def __init__(self) -> None:
        self.arns: dict[str, str] = {}
        self.finished: set[str] = set()
        self.events: set[tuple[int, str]] = set()
        self.kept: list[str] = []

    def store_arns(self, launches: Any) -> None:
        for launch in launches:
            self.arns[launch.launch_id] = launch.stored_as = launch.arn

    def keep_queued(self, launches: Any) -> None:
        self.kept += [launch.launch_id for launch in launches]

    def is_unfinished(self, launch: Any) -> bool:
        return launch.launch_id not in self.finished

    def whole(self, tis: Any) -> Any:
        return tis

    def has_event(self, ti: Any, try_number: int, event: str) -> bool:
        return (try_number, event) in self.events


def eventually(look: Callable[[], Any], within: float = 5.0) -> Any:
    """Return what ``look`` finds as soon as that is not empty, or fail."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within} s: {look}"
        time.sleep(0.01)
    return found
