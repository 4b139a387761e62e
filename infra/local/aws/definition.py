"""What Fargate asks of a task definition.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from typing import Any

from moto.ecs.exceptions import EcsClientException

from infra.local.aws import sizes


def check(request: dict[str, Any]) -> None:
    """Raise ECS's error for a RegisterTaskDefinition that Fargate could not run."""
    sizes.check(request.get("cpu"), request.get("memory"))
    sizes.check_disk(request.get("ephemeralStorage"))
    if request.get("networkMode") != "awsvpc":
        raise EcsClientException("Fargate only supports network mode 'awsvpc'.")
    for container in request["containerDefinitions"]:
        if not 2 <= container.get("stopTimeout", 30) <= 120:
            raise EcsClientException("The stop timeout of a container on Fargate must be from 2 to 120 seconds.")
        if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            _check_awslogs(request, container["logConfiguration"].get("options") or {})


def _check_awslogs(request: dict[str, Any], options: dict[str, str]) -> None:
    if not request.get("executionRoleArn"):
        raise EcsClientException(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs."
        )
    for option in ("awslogs-group", "awslogs-region", "awslogs-stream-prefix"):
        if not options.get(option):
            raise EcsClientException(f"Log driver awslogs requires options: {option}")
