"""ECS's calls, where moto's own are not enough: tasks on Fargate, and task definitions for it."""

import math
import random
import threading
import time
from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, ECSException, InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse as Ecs

from infra.local.aws import definition
from infra.local.aws import launch as launches
from infra.local.aws.fargate import Fargate
from infra.local.aws.task import FargateTask
from infra.local.aws.task_view import describe

NEVER_S = 900  # longer than any client waits for an answer
NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
AT_LIMIT = "You've reached the limit on the number of vCPUs you can run concurrently"
MAX_DESCRIBED = MAX_LISTED = 100


class ThrottlingException(ECSException):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html"""

    code = "ThrottlingException"

    def __init__(self) -> None:
        super().__init__("Rate exceeded")


Event = dict[str, Any]


class EcsApi:
    """The calls on ``fargate``'s tasks. ``install`` puts them in the place of moto's."""

    def __init__(self, fargate: Fargate) -> None:
        self.fargate = fargate
        self._hang = threading.Event()
        self._moto = {name: call for name, call in vars(Ecs).items() if _is_action(name, call)}

    def install(self) -> None:
        """Replace moto's calls that have a method here, and record all of them."""
        for name, original in self._moto.items():
            own = getattr(self, name, None)
            setattr(Ecs, name, _recorded(self.fargate, name, own or original, own is not None))

    def close(self) -> None:
        """Let go of the calls that are never answered."""
        self._hang.set()

    def run_task(self, response: Ecs, event: Event) -> ActionResult:
        request, cluster, faults = _parameters(response), _cluster(response), self.fargate.faults
        time.sleep(faults.run_task_latency_ms / 1000)
        if not self.fargate.take_call() or random.random() < faults.throttle:
            raise ThrottlingException
        with self.fargate.tokens.lock:
            tasks = self.fargate.tokens.replay(cluster.arn, request)
            if tasks is not None:
                return ActionResult({"tasks": [_replayed(task) for task in tasks], "failures": []})
            launch = launches.build(request, response.ecs_backend)
            if self.fargate.vcpus(launch.provider) + launch.cpu / 1024 > (faults.vcpus or math.inf):
                raise EcsClientException(AT_LIMIT)
            if launch.provider in faults.no_capacity:
                return ActionResult({"tasks": [], "failures": [{"reason": NO_CAPACITY}]})
            tasks = self._launch(launch, request.get("count", 1))
            self.fargate.tokens.remember(cluster.arn, request, tasks)
        event["started"] = [task.id for task in tasks]
        if random.random() < faults.timeout_after_accept:
            self._hang.wait(NEVER_S)
        return ActionResult({"tasks": [describe(task, tags=True) for task in tasks], "failures": []})

    def _launch(self, launch: launches.Launch, count: int) -> list[FargateTask]:
        if not self.fargate.take_launches(launch.provider, count):
            raise ThrottlingException
        return self.fargate.start(launch, count)

    def describe_tasks(self, response: Ecs, event: Event) -> ActionResult:
        request, cluster = _parameters(response), _cluster(response)
        names = request.get("tasks") or []
        if random.random() < self.fargate.faults.throttle_describe:
            raise ThrottlingException
        if not names:
            raise InvalidParameterException("Tasks cannot be empty.")
        if len(names) > MAX_DESCRIBED:
            raise InvalidParameterException(f"Tasks cannot have more than {MAX_DESCRIBED} elements.")
        found = {name: self.fargate.find(cluster.arn, name) for name in names}
        tags = "TAGS" in (request.get("include") or [])
        missing = [name for name, task in found.items() if not task]
        return ActionResult(
            {
                "tasks": [describe(task, tags=tags) for task in found.values() if task],
                "failures": [{"arn": _arn(cluster.arn, name), "reason": "MISSING"} for name in missing],
            }
        )

    def list_tasks(self, response: Ecs, event: Event) -> ActionResult:
        request, cluster = _parameters(response), _cluster(response)
        others = {"family", "launchType", "serviceName", "containerInstance"} & request.keys()
        if request.get("startedBy") and others:
            raise InvalidParameterException("startedBy must be the only filter that is used.")
        size = request.get("maxResults", MAX_LISTED)
        if not 1 <= size <= MAX_LISTED:
            raise InvalidParameterException(f"maxResults must be between 1 and {MAX_LISTED}.")
        rest = _after(self.fargate.listed(cluster.arn), request.get("nextToken"))
        tasks = [task for task in rest if _matches(task, request)]
        page: dict[str, Any] = {"taskArns": [task.arn for task in tasks[:size]]}
        if len(tasks) > size:
            page["nextToken"] = tasks[size - 1].id
        return ActionResult(page)

    def stop_task(self, response: Ecs, event: Event) -> ActionResult:
        request, cluster = _parameters(response), _cluster(response)
        task = self.fargate.find(cluster.arn, request["task"])
        if not task:
            raise InvalidParameterException("The referenced task was not found.")
        task.stop(request.get("reason") or "Task stopped by user")
        return ActionResult({"task": describe(task, tags=True)})

    def register_task_definition(self, response: Ecs, event: Event) -> ActionResult:
        request = _parameters(response)
        if "FARGATE" in (request.get("requiresCompatibilities") or []):
            definition.check(request)
        return ActionResult(self._moto["register_task_definition"](response).result)


def _is_action(name: str, call: Any) -> bool:
    return callable(call) and not name.startswith("_")


def _recorded(fargate: Fargate, name: str, call: Any, ours: bool) -> Any:
    """Make moto's method out of ``call``, with an event for each call and its outcome."""
    action = "".join(word.capitalize() for word in name.split("_"))

    def method(response: Ecs) -> Any:
        event = fargate.events.call(action, **_asked(response))
        try:
            result = call(response, event) if ours else call(response)
        except Exception as error:
            event["error"] = str(error) if isinstance(error, ECSException) else repr(error)
            raise
        finally:
            event["answered"] = time.time()
        return result

    return method


def _asked(response: Ecs) -> Event:
    request = _parameters(response)
    asked = {key: request[key] for key in ("startedBy", "clientToken", "task", "taskDefinition") if key in request}
    return asked | ({"tasks": len(request["tasks"])} if "tasks" in request else {})


def _after(tasks: list[FargateTask], token: str | None) -> list[FargateTask]:
    """Return the tasks behind the one that a page ended with, whatever became of it since."""
    ids = [task.id for task in tasks]
    if token and token not in ids:
        raise InvalidParameterException("The nextToken is not valid.")
    return tasks[ids.index(token) + 1 :] if token else tasks


def _matches(task: FargateTask, request: dict[str, Any]) -> bool:
    wanted = (
        (task.desired_status, request.get("desiredStatus") or "RUNNING"),
        (task.launch.started_by, request.get("startedBy")),
        (task.launch.definition.family, request.get("family")),
        ("FARGATE", request.get("launchType")),
    )
    return all(not value or value == actual for actual, value in wanted)


def _replayed(task: FargateTask) -> dict[str, Any]:
    """Of a stopped task, a repeated request learns only the ARN and the statuses."""
    view = describe(task, tags=True)
    kept = ("taskArn", "lastStatus", "desiredStatus")
    return {k: view[k] for k in kept} if task.status == "STOPPED" else view


def _parameters(response: Ecs) -> dict[str, Any]:
    return {k: v for k, v in (response.params or {}).items() if v is not None}


def _cluster(response: Ecs) -> Any:
    return response.ecs_backend._get_cluster(_parameters(response).get("cluster") or "default")


def _arn(cluster_arn: str, name: str) -> str:
    return name if name.startswith("arn:") else f"{cluster_arn.replace(':cluster/', ':task/')}/{name}"
