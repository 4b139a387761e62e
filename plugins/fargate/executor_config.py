"""``fargate(…)`` and what an ``executor_config`` of the Fargate executor may hold."""

import re
from collections.abc import Mapping
from typing import Any

from fargate import request, settings, sizes
from fargate.request import ILLEGAL, IllegalConfig
from fargate.sizes import IllegalSize

PROVIDERS = ("FARGATE", "FARGATE_SPOT")
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
DEFINITION = re.compile(r"(arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/)?[A-Za-z0-9_-]{1,255}(:[1-9][0-9]*)?")
DIGITS = re.compile(r"[1-9][0-9]*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OURS = ("AIRFLOW__", "AWS_")  # variables that say who a worker is and whom it talks to
SEEN = {"overrides", "capacityProviderStrategy", "taskDefinition", "tags", "platformVersion", "enableExecuteCommand",
        "networkConfiguration", "propagateTags"}  # fmt: skip
OVERRIDES = {"cpu", "memory", "ephemeralStorage", "taskRoleArn", "containerOverrides"}
CONTAINER = {"name", "environment", "environmentFiles", "cpu", "memory", "memoryReservation"}
# what the command, a token and the tags add to a request when the task is launched
LONGEST_COMMAND = ["python", "-m", "fargate.worker", "s3://" + "b" * 63 + "/" + "k" * 128]


def fargate(
    *,
    cpu: float | None = None,
    memory: float | None = None,
    disk: int | None = None,
    spot: bool = False,
    role: str | None = None,
    definition: str | None = None,
    env: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Build an ``executor_config`` for the Fargate executor.

    What Fargate does not have is an error of the DAG, that names the task, the value and the legal ones: it is
    left in the config for the house's policy, which knows the task. Neither ``check`` nor a launch takes such a one.

    :param cpu: vCPUs: 0.25, 0.5, 1, 2, 4, 8 or 16; goes with ``memory``, or both are the task definition's
    :param memory: GiB of the task, of those that AWS offers for ``cpu``
    :param disk: GiB of ephemeral storage, 21 to 200; a task has 20 without it
    :param spot: run on FARGATE_SPOT, which is cheaper and may be interrupted; where it has no
        capacity, and for the try after an interruption, the task runs on demand
    :param role: the task role, by its name in the setting FARGATE_TASK_ROLES
    :param definition: another task definition, for an image of its own: a family, with ``:revision`` or
        without, whose container has the name of the worker's and has Airflow and the plugins
    :param env: further environment variables of the container

    >>> fargate(cpu=1, memory=2, spot=True)["overrides"]
    {'cpu': '1024', 'memory': '2048'}
    """
    try:
        config = _config(sizes.cpu_and_memory(cpu, memory), disk, role, env)
        if _is_spot(spot):
            config["capacityProviderStrategy"] = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        if definition is not None:
            config["taskDefinition"] = _definition(definition)
        check(config)
    except ValueError as illegal:
        return {ILLEGAL: str(illegal)}
    return config


def _config(size: dict[str, str], disk: Any, role: Any, env: Any) -> dict[str, Any]:
    overrides: dict[str, Any] = {**size}
    if disk is not None:
        overrides["ephemeralStorage"] = {"sizeInGiB": sizes.checked_disk(disk)}
    if role is not None:
        overrides["taskRoleArn"] = _role_arn(role)
    if env:
        overrides["containerOverrides"] = [{"name": settings.container_name(), "environment": _environment(env)}]
    return {"overrides": overrides} if overrides else {}


def check(config: Mapping[str, Any]) -> None:
    """Check any ``executor_config``, be it built by hand.

    :raises ValueError: that names the value and the legal ones
    """
    request.refuse_illegal(config)
    _known("executor_config", config, SEEN)
    overrides = config.get("overrides", {})
    _known("overrides", overrides, OVERRIDES)
    _check_size(overrides)
    check_strategy(config)
    if "taskDefinition" in config:
        _definition(config["taskDefinition"])
    if "taskRoleArn" in overrides:
        _check_role(overrides["taskRoleArn"])
    for container in _entries("containerOverrides", overrides):
        _check_container(container)
    for tag in _entries("tags", config):
        _known("tags", tag, {"key", "value"})
    base = {"overrides": {"containerOverrides": [{"name": settings.container_name()}]}}
    built = request.build(base, dict(config), launch_id="", sequence=0, command=LONGEST_COMMAND, tags={})
    request.check_length(built)


def _known(where: str, given: Any, legal: set[str]) -> None:
    if not isinstance(given, Mapping):
        raise IllegalConfig(f"{where} has {given!r}: legal is a dictionary, such as fargate(…) makes")
    unknown = sorted(str(name) for name in set(given) - legal)
    if unknown:
        raise IllegalConfig(f"{where} has {', '.join(unknown)}; legal are {', '.join(sorted(legal))}")


def _entries(name: str, given: Mapping[str, Any]) -> list[Any]:
    entries = given.get(name, [])
    if not isinstance(entries, list):
        raise IllegalConfig(f"{name}={entries!r}: legal is a list of dictionaries")
    return entries


def _check_size(overrides: Mapping[str, Any]) -> None:
    given = {name: overrides[name] for name in ("cpu", "memory") if name in overrides}
    for name, value in given.items():
        if not (isinstance(value, str) and DIGITS.fullmatch(value)):
            raise IllegalConfig(f"overrides has {name}={value!r}: a text of digits, '1024' for one vCPU or one GiB")
    try:
        sizes.cpu_and_memory(*(int(given[name]) / 1024 if name in given else None for name in ("cpu", "memory")))
    except IllegalSize as error:
        raise IllegalSize(f"overrides has {given}, of which 1024 are one: {error}") from None
    if "ephemeralStorage" in overrides:
        _known("ephemeralStorage", overrides["ephemeralStorage"], {"sizeInGiB"})
        sizes.checked_disk(overrides["ephemeralStorage"].get("sizeInGiB"))


def check_strategy(config: Mapping[str, Any]) -> None:
    """Check the ``capacityProviderStrategy`` of a task or, in the arguments of RunTask, of the deployment.

    :raises IllegalConfig: that names the value and the legal ones
    """
    strategy = _entries("capacityProviderStrategy", config)
    if "capacityProviderStrategy" in config and not strategy:
        raise IllegalConfig(f"capacityProviderStrategy=[]: legal are {' and '.join(PROVIDERS)}, or none of it at all")
    for entry in strategy:
        _known("capacityProviderStrategy", entry, {"capacityProvider", "weight", "base"})
        provider = entry.get("capacityProvider")
        if provider not in PROVIDERS:
            raise IllegalConfig(f"capacityProvider={provider!r}: legal are {' and '.join(PROVIDERS)}")
        for name in entry.keys() & {"weight", "base"}:
            if type(entry[name]) is not int or entry[name] < 0:
                raise IllegalConfig(f"capacityProviderStrategy has {name}={entry[name]!r}: a whole number from 0")


def _check_container(container: Any) -> None:
    if isinstance(container, Mapping) and "command" in container:
        raise IllegalConfig(f"containerOverrides has command={container['command']!r}: the executor gives the command")
    _known("containerOverrides", container, CONTAINER)
    name = settings.container_name()
    if container.get("name") != name:
        raise IllegalConfig(
            f"containerOverrides has a container {container.get('name')!r}: the worker's is {name!r}, and must be named"
        )
    for variable in _entries("environment", container):
        _known("environment", variable, {"name", "value"})
        _environment({variable.get("name"): variable.get("value")})


def _check_role(arn: Any) -> None:
    allowed = settings.task_roles()
    if arn not in allowed.values():
        raise IllegalConfig(f"taskRoleArn={arn!r}: {_allowed(allowed)}; name it by fargate(role=…)")


def _allowed(roles: Mapping[str, str]) -> str:
    return f"the setting FARGATE_TASK_ROLES (NAME=ARN) allows {', '.join(sorted(roles)) or 'none'}"


def _is_spot(spot: Any) -> bool:
    if not isinstance(spot, bool):
        raise IllegalSize(f"spot={spot!r} is neither True nor False")
    return spot


def _role_arn(role: str) -> str:
    allowed = settings.task_roles()
    if not isinstance(role, str) or role not in allowed:
        raise IllegalConfig(f"role={role!r}: {_allowed(allowed)}")
    return allowed[role]


def _definition(definition: Any) -> str:
    if not isinstance(definition, str) or not DEFINITION.fullmatch(definition):
        raise IllegalConfig(
            f"definition={definition!r}: the family of a task definition, such as 'with-gdal' or 'with-gdal:7'"
        )
    return definition


def _environment(env: Mapping[Any, Any]) -> list[dict[str, str]]:
    if not isinstance(env, Mapping):
        raise IllegalConfig(f"env={env!r}: legal is a dictionary, such as {{'MODEL_PATH': '/tmp/model'}}")
    for name, value in env.items():
        if not isinstance(name, str) or not VARIABLE.fullmatch(name) or not isinstance(value, str):
            raise IllegalConfig(f"env has {name!r}: {value!r}; legal are names such as MODEL_PATH, with texts")
        if name.startswith(OURS):
            raise IllegalConfig(f"env has {name!r}: what begins with {' or '.join(OURS)} is the deployment's to say")
    return [{"name": name, "value": value} for name, value in env.items()]
