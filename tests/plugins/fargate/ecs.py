"""ECS as far as the executor uses it: it records what it is asked, and checks it as botocore does."""

from collections.abc import Callable
from typing import Any

from botocore.validate import ParamValidator

ARN = "arn:aws:ecs:ap-northeast-2:123456789012:task/airflow/"


class Ecs:
    """``launches`` are the arguments of each RunTask; ``faults`` the next answers to it."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.launches: list[dict[str, Any]] = []
        self.listed: list[dict[str, Any]] = []
        self.tasks: dict[str, dict[str, Any]] = {}
        self.faults: list[Callable[[], Any]] = []

    def run_task(self, **request: Any) -> dict[str, Any]:
        self._check("RunTask", request)
        self.launches.append(request)
        if self.faults:
            answer: dict[str, Any] = self.faults.pop(0)()
            return answer
        return {"tasks": [self.task(request["startedBy"])], "failures": []}

    def describe_tasks(self, **request: Any) -> dict[str, Any]:
        self._check("DescribeTasks", request)
        found = [self.tasks[arn] for arn in request["tasks"] if arn in self.tasks]
        missing = [{"arn": arn, "reason": "MISSING"} for arn in request["tasks"] if arn not in self.tasks]
        return {"tasks": found, "failures": missing}

    def list_tasks(self, **request: Any) -> dict[str, Any]:
        self._check("ListTasks", request)
        self.listed.append(request)
        return {"taskArns": [arn for arn, task in self.tasks.items() if task["startedBy"] == request["startedBy"]]}

    def task(self, started_by: str) -> dict[str, Any]:
        """Let a task run, started by somebody."""
        arn = f"{ARN}{len(self.tasks):032}"
        statuses = {"lastStatus": "RUNNING", "desiredStatus": "RUNNING", "containers": [{"name": "airflow"}]}
        self.tasks[arn] = {"taskArn": arn, "startedBy": started_by, **statuses}
        return self.tasks[arn]

    def _check(self, operation: str, request: dict[str, Any]) -> None:
        report = ParamValidator().validate(request, self._model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
