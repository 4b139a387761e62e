"""What Fargate's agent and the containers of a task definition call, as the definition says."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.closed_network.model import Model, Resource
from tests.infra.closed_network.use import INTERNET, S3, UNKNOWN, Use, by_client, of_image

ECR = re.compile(r"^\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com/")
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html and its neighbours
LOG_DRIVERS = {"awslogs": "logs"}
SCHEMES = {"s3": S3, "cloudwatch": "logs"}  # of Airflow's remote logs, and of addresses in the environment


def uses(model: Model) -> Iterator[Use]:
    """Return what all task definitions use."""
    for definition in model.of("aws_ecs_task_definition"):
        for container in containers(definition):
            yield from _of_container(container, f"{definition.address} ({container['name']}")
        for volume in definition.list("volume"):
            yield from _of_volume(volume, definition.address)


def containers(definition: Resource) -> list[dict[str, Any]]:
    text = definition.values.get("container_definitions")
    assert text, f"{definition.address}: the containers are not known before an apply"
    return list(json.loads(text))


def _of_container(container: Mapping[str, Any], where: str) -> Iterator[Use]:
    image = f"{where}, image)"
    yield from of_image(image) if ECR.match(container["image"]) else [Use(INTERNET, image)]
    if log := container.get("logConfiguration"):
        yield Use(LOG_DRIVERS.get(log["logDriver"], UNKNOWN), f"{where}, logDriver {log['logDriver']})")
        yield from _of_secrets(log.get("secretOptions", []), where)
    yield from _of_secrets(container.get("secrets", []), where)
    if "repositoryCredentials" in container:
        yield Use("secretsmanager", f"{where}, repositoryCredentials)")
    for file in container.get("environmentFiles", []):
        yield Use(S3, f"{where}, {file['value']})")
    for variable in container.get("environment", []):
        scheme, found, _ = variable["value"].partition("://")
        if found and scheme in SCHEMES:
            yield Use(SCHEMES[scheme], f"{where}, {variable['name']})")


def _of_secrets(secrets: list[Mapping[str, str]], where: str) -> Iterator[Use]:
    """Return what it takes to get the values; what is no ARN is the name of a parameter of SSM."""
    for secret in secrets:
        parts = secret["valueFrom"].split(":")
        yield by_client(parts[2] if len(parts) > 2 else "ssm", f"{where}, secret {secret['name']})")


def _of_volume(volume: Mapping[str, Any], where: str) -> Iterator[Use]:
    if volume.get("efs_volume_configuration"):
        yield by_client("efs", f"{where} (volume {volume['name']})")
    if volume.get("fsx_windows_file_server_volume_configuration"):
        yield by_client("fsx", f"{where} (volume {volume['name']})")
