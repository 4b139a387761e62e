"""Tasks of a scheduler that died are taken over, and none is started twice."""

import json
from typing import Any

import jwt
import pytest

from fargate import fargate
from tests.plugins.fargate.conftest import SECRET
from tests.plugins.fargate.ecs import ARN
from tests.plugins.fargate.workloads import IDENTITY_TAGS, LAUNCH, TASK, again, command_of, orphan

SIZE = fargate(cpu=1, memory=2)


def test_a_launch_that_was_not_stored_is_found_by_its_id(executor: Any) -> None:
    arn = executor.ecs.task(LAUNCH)["taskArn"]
    executor.ecs.task("somebody-else")
    task = orphan(LAUNCH, SIZE)
    assert executor.try_adopt_task_instances([task]) == []
    assert executor.ecs.listed == [{"cluster": "airflow", "startedBy": LAUNCH}]
    assert task.external_executor_id == arn
    assert executor.active_workers.get_all_arns() == [arn]
    assert executor.running == {task.key}
    assert executor.ecs.launches == []


def test_a_launch_that_was_stored_is_asked_for_by_its_arn(executor: Any) -> None:
    arn = executor.ecs.task(LAUNCH)["taskArn"]
    assert executor.try_adopt_task_instances([orphan(arn, SIZE)]) == []
    assert executor.ecs.listed == []
    assert executor.active_workers.get_all_arns() == [arn]


@pytest.mark.parametrize("identifier", [LAUNCH, f"{ARN}{9:032}", None])
def test_what_ecs_does_not_know_is_not_adopted(executor: Any, identifier: str | None) -> None:
    executor.ecs.task("somebody-else")
    task = orphan(identifier, SIZE)
    assert executor.try_adopt_task_instances([task]) == [task]
    assert executor.running == set()
    assert executor.active_workers.get_all_arns() == []


def test_the_known_are_adopted_beside_the_unknown(executor: Any) -> None:
    executor.ecs.task(LAUNCH)
    known, unknown = orphan(LAUNCH, SIZE), orphan(TASK, SIZE, task_id="join_weather")
    assert executor.try_adopt_task_instances([unknown, known]) == [unknown]
    assert executor.running == {known.key}


def test_an_adopted_task_that_dies_is_launched_with_size_identity_and_a_token_that_authenticates(executor: Any) -> None:
    executor.ecs.task(LAUNCH)
    executor.try_adopt_task_instances([orphan(LAUNCH, SIZE)])
    executor.ecs.tasks.clear()
    executor.sync_running_workloads()
    [request] = again(executor)
    assert (request["startedBy"], request["clientToken"], request["tags"]) == (TASK, f"{TASK}-0", IDENTITY_TAGS)
    assert (request["overrides"]["cpu"], request["overrides"]["memory"]) == ("1024", "2048")
    rebuilt = json.loads(command_of(request)[-1])
    assert rebuilt["bundle_info"] == {"name": "dags-folder", "version": "release-7"}
    claims = jwt.decode(rebuilt["token"], SECRET, algorithms=["HS512"], options={"verify_aud": False})
    assert (claims["sub"], claims["scope"]) == (TASK, "workload")
