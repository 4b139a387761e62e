"""Task definitions: from the template to ECS, and out of ECS again when they are old."""

import json
import logging
from string import Template
from typing import Any

import boto3

log = logging.getLogger(__name__)

DELETED_AT_ONCE = 10  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html


class IncompleteTemplate(KeyError):
    """A template of a task definition that names a value which nobody gave."""

    def __str__(self) -> str:
        return str(self.args[0])


def render(template: str, values: dict[str, str]) -> dict[str, Any]:
    """Fill a JSON template whose strings hold ``${NAME}``, as Terraform's templatefile() does.

    :returns: the keyword arguments of RegisterTaskDefinition
    :raises IncompleteTemplate: when the template names a value that is not in ``values``
    """
    escaped = {name: json.dumps(value)[1:-1] for name, value in values.items()}
    try:
        filled = Template(template).substitute(escaped)
    except KeyError as error:
        raise IncompleteTemplate(f"the task definition needs a value for {error.args[0]}") from None
    definition: dict[str, Any] = json.loads(filled)
    return definition


def like_worker(family: str) -> dict[str, Any]:
    """Return what another task definition takes over from the worker's, so that both run alike.

    :returns: ``image``; ``register``, further arguments of RegisterTaskDefinition (roles, network
        mode, the smallest size); ``logs``, the ``logConfiguration``; ``log_group``, ``log_prefix``
    """
    definition = boto3.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]
    container = definition["containerDefinitions"][0]
    roles = {name: definition[name] for name in ("executionRoleArn", "taskRoleArn")}
    kind = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
    options = container["logConfiguration"]["options"] | {"awslogs-stream-prefix": "ecs_run_task"}
    return {
        "image": container["image"],
        "register": {**kind, **roles},
        "logs": {"logDriver": "awslogs", "options": options},
        "log_group": options["awslogs-group"],
        "log_prefix": options["awslogs-stream-prefix"],
    }


def retire(family: str, keep: int) -> dict[str, int]:
    """Deregister all but the newest revisions of a family, and delete what is deregistered.

    Tasks that run on a deregistered revision run on; it cannot be started any more.

    :param keep: how many of the newest active revisions stay
    :returns: how many were ``deregistered`` and how many ``deleted``
    """
    ecs = boto3.client("ecs")
    old = _revisions(ecs, family, "ACTIVE")[keep:]
    for arn in old:
        ecs.deregister_task_definition(taskDefinition=arn)
    inactive = _revisions(ecs, family, "INACTIVE")
    for first in range(0, len(inactive), DELETED_AT_ONCE):
        ecs.delete_task_definitions(taskDefinitions=inactive[first : first + DELETED_AT_ONCE])
    log.info("%s: %s revisions deregistered, %s deleted", family, len(old), len(inactive))
    return {"deregistered": len(old), "deleted": len(inactive)}


def _revisions(ecs: Any, family: str, status: str) -> list[str]:
    """Return the ARNs of a family's revisions, the newest first. The API filters by prefix only."""
    pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status=status)
    names = (arn.rpartition(":") for page in pages for arn in page["taskDefinitionArns"])
    revisions = [(int(revision), f"{name}:{revision}") for name, _, revision in names if name.endswith(f"/{family}")]
    return [arn for _, arn in sorted(revisions, reverse=True)]
