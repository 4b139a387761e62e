"""A cluster in the emulated ECS, and what tests do with it."""

import itertools
import sys
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

PATIENCE_S = 15
NUMBERS = itertools.count()
BOTH = pytest.mark.parametrize("runtime", ["process", "docker"], indirect=True)
DOCKER = pytest.mark.parametrize("runtime", ["docker"], indirect=True)


def until(condition: Any, what: str = "it", patience_s: float = PATIENCE_S) -> Any:
    """Wait until ``condition()`` is true, and return its value."""
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {patience_s} s for {what}"
        time.sleep(0.02)
    return value


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Return code and message of the error with which AWS refuses a request."""
    with pytest.raises(ClientError) as error:
        call(**request)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


class Cluster:
    """A cluster with both Fargate providers, and definitions and tasks for it."""

    def __init__(self, ecs: Any, network: dict[str, Any], name: str, image: str = "local/test") -> None:
        self.ecs, self.network, self.name, self.image = ecs, network, name, image
        ecs.create_cluster(clusterName=name, capacityProviders=["FARGATE", "FARGATE_SPOT"])

    def define(self, *, container: dict[str, Any] | None = None, **changes: Any) -> str:
        """Register a definition, in a family of its own unless named, and return its ARN."""
        request = {
            "family": f"{self.name}-{next(NUMBERS)}",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": "main", "image": self.image, "stopTimeout": 2, **(container or {})}],
        } | changes
        answer = self.ecs.register_task_definition(**request)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def request(self, *command: str, definition: str | None = None, **changes: Any) -> dict[str, Any]:
        """Return a legal RunTask request with some changes; a change to None takes a part out."""
        request = {
            "cluster": self.name,
            "taskDefinition": definition or self.define(),
            "launchType": "FARGATE",
            "networkConfiguration": self.network,
            "overrides": {"containerOverrides": [{"name": "main", "command": list(command)}]} if command else {},
        } | changes
        return {name: value for name, value in request.items() if value is not None}

    def run_all(self, *command: str, **changes: Any) -> list[str]:
        answer = self.ecs.run_task(**self.request(*command, **changes))
        assert answer["failures"] == []
        return [task["taskArn"] for task in answer["tasks"]]

    def run(self, *command: str, **changes: Any) -> str:
        """Run one task and return its ARN."""
        [arn] = self.run_all(*command, **changes)
        return arn

    def python(self, source: str, *arguments: str, **changes: Any) -> str:
        """Run a task whose container is a Python process."""
        return self.run(sys.executable, "-I", "-S", "-c", source, *arguments, **changes)

    def stopped(self, *command: str, **changes: Any) -> Any:
        """Run a task and return its description after its end."""
        return self.until(self.run(*command, **changes), "STOPPED")

    def refused(self, *command: str, **changes: Any) -> tuple[str, str]:
        """Return code and message of a refused RunTask, after checking that it started nothing."""
        before = self.listed()
        answer = refusal(self.ecs.run_task, **self.request(*command, **changes))
        assert self.listed() == before
        return answer

    def describe(self, arn: str, **options: Any) -> Any:
        [task] = self.ecs.describe_tasks(cluster=self.name, tasks=[arn], **options)["tasks"]
        return task

    def until(self, arn: str, status: str) -> Any:
        """Wait until the task has this status, and return its description."""
        return until(lambda: (task := self.describe(arn))["lastStatus"] == status and task, f"{arn} {status}")

    def listed(self, **request: Any) -> list[str]:
        return list(self.ecs.list_tasks(cluster=self.name, **request)["taskArns"])

    def stop(self, arn: str, **request: Any) -> Any:
        return self.ecs.stop_task(cluster=self.name, task=arn, **request)["task"]
