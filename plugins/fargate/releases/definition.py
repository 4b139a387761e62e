"""The worker's task definition of a release: the template that Terraform registers, with the release's image."""

from typing import Any

import boto3
from botocore.exceptions import ClientError

from fargate import settings

OF_A_DEFINITION = (
    *("taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes", "placementConstraints"),
    *("requiresCompatibilities", "cpu", "memory", "runtimePlatform", "ephemeralStorage", "pidMode", "ipcMode"),
    *("proxyConfiguration", "inferenceAccelerators", "enableFaultInjection"),
)
NAMED = "FARGATE_RELEASE"
GONE = ("ClientException", "InvalidParameterException")  # as ECS calls a definition that it does not have


def build(template: dict[str, Any], family: str, image: str, release: str) -> dict[str, Any]:
    """Return the arguments of RegisterTaskDefinition for a release, from what describes the template."""
    kept = {name: template[name] for name in OF_A_DEFINITION if template.get(name)}
    containers = [dict(container) for container in kept["containerDefinitions"]]
    worker = next(container for container in containers if container["name"] == settings.container_name())
    named = {"name": NAMED, "value": release}
    worker["image"] = image
    worker["environment"] = [*(each for each in worker.get("environment", ()) if each["name"] != NAMED), named]
    return {**kept, "family": family, "containerDefinitions": containers}


def register(image: str, release: str) -> tuple[str, bool]:
    """Return the ARN of a release's definition, and whether it was registered now.

    The newest active revision of this release is taken as it is: runs may use it already.
    """
    ecs, family = boto3.client("ecs"), settings.worker_definition()
    if known := find(ecs, family, release):
        return known, False
    template: Any = ecs.describe_task_definition(taskDefinition=f"{family}-template")["taskDefinition"]
    made = ecs.register_task_definition(**build(template, family, image, release))
    return str(made["taskDefinition"]["taskDefinitionArn"]), True


def find(ecs: Any, family: str, release: str) -> str | None:
    """Return the ARN of the active revision of a release, if there is one."""
    return next((arn for arn, of in releases(ecs, family).items() if of == release), None)


def releases(ecs: Any, family: str) -> dict[str, str | None]:
    """Return the active revisions of a family, the newest first, each with its release."""
    pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE", sort="DESC")
    arns = [arn for page in pages for arn in page["taskDefinitionArns"]]
    own = [arn for arn in arns if arn.rpartition(":")[0].endswith(f"/{family}")]
    return {arn: _release(ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]) for arn in own}


def _release(definition: dict[str, Any]) -> str | None:
    variables = (each for container in definition["containerDefinitions"] for each in container.get("environment", ()))
    return next((str(each["value"]) for each in variables if each["name"] == NAMED), None)


def remove(arn: str) -> None:
    """Deregister and delete a definition, however much of that was done before."""
    ecs = boto3.client("ecs")
    for step in (
        lambda: ecs.deregister_task_definition(taskDefinition=arn),
        lambda: ecs.delete_task_definitions(taskDefinitions=[arn]),
    ):
        try:
            step()
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
