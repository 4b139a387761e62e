"""What RunTask asks for, checked as the API reference says, and ready to be launched.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import Cluster, EC2ContainerServiceBackend, TaskDefinition

from infra.local.aws import sizes, tags
from infra.local.aws.container import ContainerSpec

MAX_OVERRIDES = 8192
MAX_COUNT = 10
STARTED_BY = re.compile(r"[A-Za-z0-9/_-]{0,128}")
CLIENT_TOKEN = re.compile(r"[!-~]{1,64}")
NO_INSTANCES = "No Container Instances were found in your cluster."  # this account never has any


@dataclass(frozen=True)
class Launch:
    """One RunTask request after all checks. ``memory`` is in MiB, ``disk`` in GiB."""

    account: str
    region: str
    cluster_arn: str
    definition: TaskDefinition
    container: ContainerSpec
    cpu: int
    memory: int
    disk: int
    provider: str
    launch_type: str
    overrides: dict[str, Any]
    started_by: str
    group: str
    network: dict[str, Any]
    execute_command: bool
    tags: list[dict[str, str]] = field(default_factory=list)


def build(request: dict[str, Any], backend: EC2ContainerServiceBackend) -> Launch:
    """Check a RunTask request and return what is to be launched, or raise ECS's error."""
    cluster = backend._get_cluster(request.get("cluster") or "default")
    overrides = request.get("overrides") or {}
    _check_limits(request, overrides)
    definition = _active(backend, request["taskDefinition"])
    cpu, memory = sizes.check(overrides.get("cpu") or definition.cpu, overrides.get("memory") or definition.memory)
    return Launch(
        account=backend.account_id,
        region=backend.region_name,
        cluster_arn=cluster.arn,
        definition=definition,
        container=_container(definition, overrides),
        cpu=cpu,
        memory=memory,
        disk=sizes.check_disk(overrides.get("ephemeralStorage") or definition.ephemeral_storage),
        provider=_provider(request, cluster),
        launch_type=request.get("launchType") or "",
        overrides=overrides,
        started_by=request.get("startedBy") or "",
        group=request.get("group") or f"family:{definition.family}",
        network=_network(request, backend),
        execute_command=bool(request.get("enableExecuteCommand")),
        tags=tags.of_task(request, definition.tags),
    )


def _check_limits(request: dict[str, Any], overrides: dict[str, Any]) -> None:
    if not 1 <= request.get("count", 1) <= MAX_COUNT:
        raise InvalidParameterException(f"count must be between 1 and {MAX_COUNT}, not {request['count']}.")
    if len(json.dumps(overrides, separators=(",", ":"))) > MAX_OVERRIDES:
        raise InvalidParameterException(f"Container Overrides length must be at most {MAX_OVERRIDES}")
    if not STARTED_BY.fullmatch(request.get("startedBy") or ""):
        raise InvalidParameterException("startedBy: up to 128 letters, numbers, hyphens, slashes and underscores.")
    if request.get("clientToken") and not CLIENT_TOKEN.fullmatch(request["clientToken"]):
        raise InvalidParameterException("clientToken: up to 64 characters in the range of 33-126.")


def _active(backend: EC2ContainerServiceBackend, name: str) -> TaskDefinition:
    definition = _find(backend, name)
    if definition.status != "ACTIVE":
        raise InvalidParameterException("TaskDefinition is inactive")
    if "FARGATE" not in definition.compatibilities:
        raise InvalidParameterException("Task definition does not support launch_type FARGATE.")
    return definition


def _find(backend: EC2ContainerServiceBackend, name: str) -> TaskDefinition:
    """Return a revision by name or ARN; a family alone stands for its latest active one."""
    family, _, revision = name.rpartition("/")[2].partition(":")
    revisions = backend.task_definitions.get(family, {}).values()
    if revision:
        found = [definition for definition in revisions if str(definition.revision) == revision]
    else:
        found = [definition for definition in revisions if definition.status == "ACTIVE"]
    if not found:
        raise EcsClientException("TaskDefinition not found.")
    return found[-1]


def _container(definition: TaskDefinition, overrides: dict[str, Any]) -> ContainerSpec:
    if len(definition.container_definitions) != 1:
        raise EcsClientException("The emulated Fargate runs task definitions of one container only.")
    container = definition.container_definitions[0]
    override: dict[str, Any] = {}
    for entry in overrides.get("containerOverrides") or []:
        if not entry.get("name"):
            raise InvalidParameterException("Container name must be specified in container overrides.")
        if entry["name"] != container["name"]:
            raise InvalidParameterException(
                f"Override for container named {entry['name']} is not a container in the TaskDefinition."
            )
        override = entry
    return ContainerSpec.build(container, override)


def _provider(request: dict[str, Any], cluster: Cluster) -> str:
    strategy = request.get("capacityProviderStrategy")
    if strategy and request.get("launchType"):
        raise InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if request.get("launchType") == "FARGATE":
        return "FARGATE"
    entries = [] if request.get("launchType") else strategy or cluster.default_capacity_provider_strategy
    if not entries:
        raise InvalidParameterException(NO_INSTANCES)
    _check_strategy(entries, cluster)
    chosen = max(entries, key=lambda entry: (entry.get("base") or 0, entry.get("weight") or 0))
    return str(chosen["capacityProvider"])


def _check_strategy(entries: list[dict[str, Any]], cluster: Cluster) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"""
    for entry in entries:
        if entry["capacityProvider"] not in (cluster.capacity_providers or []):
            raise InvalidParameterException(
                "The specified capacity provider strategy cannot contain a capacity provider that is not "
                "associated with the cluster. Associate the capacity provider with the cluster and try again."
            )
    if len(entries) > 1 and not any(entry.get("weight") for entry in entries):
        raise InvalidParameterException("At least one capacity provider must have a weight greater than 0.")


def _network(request: dict[str, Any], backend: EC2ContainerServiceBackend) -> dict[str, Any]:
    network = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if not network:
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if not network["subnets"]:
        raise InvalidParameterException("subnets can not be empty.")
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    subnets = {subnet.id: subnet for subnet in ec2.describe_subnets()}
    for subnet in network["subnets"]:
        if subnet not in subnets:
            raise InvalidParameterException(f"Error retrieving subnet information for [{subnet}]: not found")
    groups = {group.id for group in ec2.describe_security_groups()}
    for group in network.get("securityGroups") or []:
        if group not in groups:
            raise InvalidParameterException(f"Error retrieving security group information for [{group}]: not found")
    subnet = network["subnets"][0]
    return {"subnet": subnet, "zone": subnets[subnet].availability_zone}
