"""The RunTask request of a launch, built by one function of what it is given and of the setting ECS_EXEC."""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from fargate import settings

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
LONGEST_OVERRIDES = 8192
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
NOT_IN_A_TAG = re.compile(r"[^\w .:/=+@-]")
LONGEST_TAG = 256

# where fargate(…) leaves what is wrong with its arguments: it does not know the DAG and the task, the policy does
ILLEGAL = "_illegal"

IN_A_CONTAINER = {"name": "AIRFLOW_IS_EXECUTOR_CONTAINER", "value": "true"}


class IllegalConfig(ValueError):
    """An ``executor_config`` that RunTask would refuse; the message names the value and the legal ones."""


class TooLong(ValueError):
    """Overrides with more characters than RunTask takes."""


def build(
    base: dict[str, Any],
    config: dict[str, Any],
    *,
    launch_id: str,
    sequence: int,
    command: list[str],
    tags: dict[str, str],
    on_demand: bool = False,
) -> dict[str, Any]:
    """Return the keyword arguments of RunTask. With ECS_EXEC a shell in the task may be asked for.

    :param base: what all tasks have in common, with the container's override first in its list
    :param config: the task's ``executor_config``; what it names goes before ``base``
    :param sequence: 0, and one more for each ECS task of this launch that never started
    :param on_demand: not on Spot, whatever ``config`` says
    :raises IllegalConfig: when ``fargate(…)`` made ``config`` of illegal arguments
    """
    refuse_illegal(config)
    request = _merge(base, config)
    if on_demand and "capacityProviderStrategy" in request:
        request["capacityProviderStrategy"] = [{"capacityProvider": "FARGATE", "weight": 1}]
    if "capacityProviderStrategy" in request:
        request.pop("launchType", None)  # RunTask takes one or the other
    if settings.ecs_exec():
        request.setdefault("enableExecuteCommand", True)
    container = request["overrides"]["containerOverrides"][0]
    container["command"] = command
    container["environment"] = [*container.get("environment", ()), IN_A_CONTAINER]
    named = [{"key": key, "value": tag_value(value)} for key, value in tags.items()]
    # RunTask refuses a key that comes twice
    request["tags"] = [*(tag for tag in request.get("tags", ()) if tag.get("key") not in tags), *named]
    return {**request, "startedBy": launch_id, "clientToken": f"{launch_id}-{sequence}"}


def refuse_illegal(config: Any) -> None:
    """Raise what ``fargate(…)`` found wrong with its arguments.

    :raises IllegalConfig: that names the value and the legal ones
    """
    if isinstance(config, Mapping) and ILLEGAL in config:
        raise IllegalConfig(config[ILLEGAL])


def _merge(base: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Merge as RunTask means it: containers by their name, all else by the later one."""
    request = {**deepcopy(base), **deepcopy(config)}
    ours, theirs = base.get("overrides", {}), config.get("overrides", {})
    request["overrides"] = {**deepcopy(ours), **deepcopy(theirs)}
    containers = {entry["name"]: dict(entry) for entry in ours.get("containerOverrides", ())}
    for entry in theirs.get("containerOverrides", ()):
        known = containers.get(entry["name"], {})
        environment = [*known.get("environment", ()), *entry.get("environment", ())]
        containers[entry["name"]] = {**known, **entry, **({"environment": environment} if environment else {})}
    request["overrides"]["containerOverrides"] = deepcopy(list(containers.values()))
    return request


def own_names(config: dict[str, Any]) -> list[str]:
    """Return what a message that denies access to something that only this task asks for has in it."""
    overrides = config.get("overrides", {})
    names = [overrides[role] for role in ("taskRoleArn", "executionRoleArn") if overrides.get(role)]
    if definition := config.get("taskDefinition"):
        family = definition.rpartition("/")[2].partition(":")[0]
        names += [f"task-definition/{family}", "iam:PassRole"]  # and the roles that it names
    return names


def check_length(request: dict[str, Any]) -> None:
    """Refuse what RunTask would: overrides that are too long.

    :raises TooLong: naming how long they are and what makes them long
    """
    length = len(json.dumps(request["overrides"]))
    if length > LONGEST_OVERRIDES:
        raise TooLong(
            f"the overrides have {length} characters and RunTask takes {LONGEST_OVERRIDES}{_longest(request)}: pass "
            f"less by the environment (env=…), and larger values by S3 or SSM"
        )


def _longest(request: dict[str, Any]) -> str:
    containers = request["overrides"].get("containerOverrides", ())
    variables = [entry for container in containers for entry in container.get("environment", ())]
    longest = max(variables, key=lambda entry: len(entry["value"]), default=None)
    return f" (the longest variable is {longest['name']!r} with {len(longest['value'])})" if longest else ""


def tag_value(text: str) -> str:
    """Return ``text`` in the characters and the length that a tag may have."""
    return NOT_IN_A_TAG.sub("_", text)[:LONGEST_TAG]
