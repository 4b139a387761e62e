"""Task definitions on their way out of ECS, and what others take over from the worker's."""

from typing import Any

import pytest

from fargate import task_definitions
from tests.plugins.conftest import Said

ARN = "arn:aws:ecs:ap-northeast-2:123456789012:task-definition/"


class Ecs:
    """Revisions by status. ``deleted`` are the ARNs of each call."""

    def __init__(self, active: list[str], inactive: list[str] | None = None) -> None:
        self.revisions = {"ACTIVE": active, "INACTIVE": inactive or []}
        self.deleted: list[list[str]] = []

    def get_paginator(self, operation: str) -> "Ecs":
        assert operation == "list_task_definitions"
        return self

    def paginate(self, familyPrefix: str, status: str) -> list[dict[str, Any]]:
        found = [f"{ARN}{name}" for name in self.revisions[status] if name.startswith(familyPrefix)]
        return [{"taskDefinitionArns": found[:3]}, {"taskDefinitionArns": found[3:]}]

    def deregister_task_definition(self, taskDefinition: str) -> None:
        name = taskDefinition.removeprefix(ARN)
        self.revisions["ACTIVE"].remove(name)
        self.revisions["INACTIVE"].append(name)

    def delete_task_definitions(self, taskDefinitions: list[str]) -> None:
        self.deleted.append([arn.removeprefix(ARN) for arn in taskDefinitions])

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:
        options = {"awslogs-group": "/airflow/worker", "awslogs-region": "r", "awslogs-stream-prefix": "worker"}
        container = {"image": "ecr/airflow@sha256:1", "logConfiguration": {"logDriver": "awslogs", "options": options}}
        roles = {"executionRoleArn": "role/execution", "taskRoleArn": "role/task"}
        return {"taskDefinition": {"family": taskDefinition, "containerDefinitions": [container], **roles}}


def use(monkeypatch: pytest.MonkeyPatch, ecs: Ecs) -> Ecs:
    monkeypatch.setattr(task_definitions.boto3, "client", lambda service: ecs if service == "ecs" else None)
    return ecs


def test_the_newest_revisions_stay(monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    ecs = use(monkeypatch, Ecs([f"worker:{number}" for number in (1, 2, 9, 10, 11)]))
    assert task_definitions.retire("worker", keep=2) == {"deregistered": 3, "deleted": 3}
    assert ecs.revisions["ACTIVE"] == ["worker:10", "worker:11"]
    assert ecs.deleted == [["worker:9", "worker:2", "worker:1"]]
    assert said() == ["worker: 3 revisions deregistered, 3 deleted"]


def test_another_family_of_the_same_prefix_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ecs = use(monkeypatch, Ecs(["worker:1", "worker-2:1", "workers:5"], ["worker-2:0"]))
    assert task_definitions.retire("worker", keep=0) == {"deregistered": 1, "deleted": 1}
    assert ecs.revisions["ACTIVE"] == ["worker-2:1", "workers:5"]
    assert ecs.deleted == [["worker:1"]]


def test_few_revisions_all_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    ecs = use(monkeypatch, Ecs(["worker:1", "worker:2"]))
    assert task_definitions.retire("worker", keep=2) == {"deregistered": 0, "deleted": 0}
    assert ecs.deleted == []


def test_a_call_deletes_as_many_as_ecs_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    ecs = use(monkeypatch, Ecs([], [f"worker:{number}" for number in range(1, 24)]))
    assert task_definitions.retire("worker", keep=5)["deleted"] == 23
    assert [len(arns) for arns in ecs.deleted] == [10, 10, 3]


def test_what_another_definition_takes_over_from_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Ecs([]))
    options = {"awslogs-group": "/airflow/worker", "awslogs-region": "r", "awslogs-stream-prefix": "ecs_run_task"}
    assert task_definitions.like_worker("worker") == {
        "image": "ecr/airflow@sha256:1",
        "register": {
            **{"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"},
            **{"executionRoleArn": "role/execution", "taskRoleArn": "role/task"},
        },
        "logs": {"logDriver": "awslogs", "options": options},
        "log_group": "/airflow/worker",
        "log_prefix": "ecs_run_task",
    }
