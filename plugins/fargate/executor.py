"""The executor that runs Airflow tasks on Fargate."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.executors.workloads import ExecuteTask
from airflow.providers.amazon.aws.executors.ecs.ecs_executor import AwsEcsExecutor

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey
    from airflow.models.taskinstance import TaskInstance

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
NOT_IN_A_TAG = re.compile(r"[^\w .:/=+@-]")
LONGEST_TAG = 256


class AwsFargateExecutor(AwsEcsExecutor):
    """The provider's ECS executor with a launch id for every queueing of a task.

    The scheduler stores the id with the state QUEUED, before any call. It is the call's
    ``startedBy`` and ``clientToken``: a launch that was answered but not yet stored when the
    scheduler died is found again, and not started a second time.
    """

    pre_assigns_external_executor_id = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answers: Counter[Any] = Counter()  # tasks that ECS started for a workload

    def execute_async(
        self, key: "WorkloadKey", command: Any, queue: str | None = None, executor_config: Any = None
    ) -> None:
        """Queue a workload, with what its RunTask call must carry besides the size."""
        [workload] = command
        identity = launch_identity(workload.ti) if isinstance(workload, ExecuteTask) else {}
        super().execute_async(key, command, queue, {**(executor_config or {}), **identity})

    def _run_task_kwargs(self, task_id: Any, cmd: Any, queue: str | None, exec_config: Any) -> dict[str, Any]:
        request: dict[str, Any] = super()._run_task_kwargs(task_id, cmd, queue, exec_config)
        if "capacityProviderStrategy" in exec_config:
            request.pop("launchType", None)  # RunTask takes one or the other
        if "startedBy" in request:
            # a container that died is launched again by the base class, under a token of its own
            request["clientToken"] = f"{request['startedBy']}-{self._answers[task_id]}"
        return request

    def _run_task(self, task_id: Any, cmd: Any, queue: str | None, exec_config: Any) -> Any:
        response = super()._run_task(task_id, cmd, queue, exec_config)
        self._answers[task_id] += len(response["tasks"])
        return response

    def change_state(self, key: "WorkloadKey", state: Any, info: Any = None, remove_running: bool = True) -> None:
        """Report a state to the scheduler; a workload that is over is forgotten."""
        if remove_running:
            self._answers.pop(key, None)
        super().change_state(key, state, info, remove_running)

    def _build_task_command(self, ti: "TaskInstance") -> Any:
        """Rebuild an adopted task's command with a token that authenticates."""
        return self._serialize_workload_to_command(ExecuteTask.make(ti, generator=self.jwt_generator))

    def try_adopt_task_instances(self, tis: Sequence["TaskInstance"]) -> Sequence["TaskInstance"]:
        """Take over tasks of a dead scheduler; return those that ECS does not know."""
        for ti in tis:
            if is_launch_id(ti.external_executor_id):
                ti.external_executor_id = self._find_launch(str(ti.external_executor_id))
        unknown = super().try_adopt_task_instances(tis)
        for ti in (ti for ti in tis if ti not in unknown):
            self.running.add(ti.key)
            task = self.active_workers.info_by_key(ti.key)
            task.config = {**task.config, **launch_identity(ti)}
        return unknown

    def _find_launch(self, launch_id: str) -> str | None:
        arns: list[str] = self.ecs.list_tasks(cluster=self.cluster, startedBy=launch_id)["taskArns"]
        return arns[0] if arns else None


def launch_identity(ti: Any) -> dict[str, Any]:
    """Return the fields of RunTask that say for whom this launch is.

    The tags let AWS's cost explorer tell the cost of a DAG, a run or a task.
    """
    launch_id = ti.external_executor_id if is_launch_id(ti.external_executor_id) else ti.id
    tags = {
        "dag_id": ti.dag_id,
        "run_id": ti.run_id,
        "task_id": ti.task_id,
        "map_index": str(ti.map_index),
        "try_number": str(ti.try_number),
    }
    return {
        "startedBy": str(launch_id),
        "tags": [{"key": key, "value": tag_value(value)} for key, value in tags.items()],
    }


def tag_value(text: str) -> str:
    """Return ``text`` in the characters and the length that a tag may have."""
    return NOT_IN_A_TAG.sub("_", text)[:LONGEST_TAG]


def is_launch_id(external_executor_id: str | None) -> bool:
    """Tell a launch id, which the scheduler made up, from the ARN that ECS answered with."""
    try:
        UUID(external_executor_id or "")
    except ValueError:
        return False
    return True
