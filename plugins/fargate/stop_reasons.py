"""Why an ECS task stopped, in a sentence that says what to do about it.

The wordings are those of ECS:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)
"""

import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fargate.sizes import GIB, LEGAL_MEMORY
from fargate.worker import PAYLOAD_GONE

MISSING = "MISSING"  # DescribeTasks' failure reason for a task that ECS has forgotten


class Kind(StrEnum):
    """What ended a task, or kept it from starting."""

    FINISHED = "finished"
    EXIT_CODE = "exit code"
    OUT_OF_MEMORY = "out of memory"
    SPOT_INTERRUPTION = "spot interruption"
    STOPPED_BY_USER = "stopped by user"
    INFRASTRUCTURE = "infrastructure"
    NO_CAPACITY = "no capacity"
    PULL_FAILURE = "pull failure"
    INITIALIZATION = "initialization"
    NETWORK = "network"
    NEVER_STARTED = "never started"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True)
class StopReason:
    """``text`` is for people. ``started``: the container ran, so its payload must not run again."""

    kind: Kind
    text: str
    started: bool

    @property
    def may_be_launched_again(self) -> bool:
        return not self.started and self.kind is not Kind.STOPPED_BY_USER


STOP_CODES = {
    "SpotInterruption": Kind.SPOT_INTERRUPTION,
    "UserInitiated": Kind.STOPPED_BY_USER,
    "TerminationNotice": Kind.INFRASTRUCTURE,
    "InfrastructureHealth": Kind.INFRASTRUCTURE,
}
# what a reason holds, the first that is found; ECS puts it into the task's or the container's
WORDINGS = {
    "OutOfMemory": Kind.OUT_OF_MEMORY,
    "CannotPull": Kind.PULL_FAILURE,
    "Your Spot Task was interrupted": Kind.SPOT_INTERRUPTION,
    "Capacity is unavailable": Kind.NO_CAPACITY,
    "network interface": Kind.NETWORK,
    "Network Interface": Kind.NETWORK,
    "ResourceInitializationError": Kind.INITIALIZATION,
    "Task stopped by": Kind.STOPPED_BY_USER,
}

TEXTS = {
    Kind.FINISHED: "The container ended normally.",
    Kind.OUT_OF_MEMORY: "Out of memory: the container used more than its {memory} and was killed{exit}. {larger}",
    Kind.SPOT_INTERRUPTION: (
        "AWS took back the Spot capacity on which the task ran{exit}. "
        "Give the task retries, or run it without spot=True if it must not be interrupted."
    ),
    Kind.STOPPED_BY_USER: "Somebody stopped the ECS task through ECS's API or console{exit}{said}.",
    Kind.INFRASTRUCTURE: "AWS ended the task to replace the machine below it{exit}{said}. Run it again.",
    Kind.NO_CAPACITY: "Fargate has no capacity{size}{provider} at this time. Try later, or another size{zones}.",
    Kind.PULL_FAILURE: "The image {image} could not be pulled{said}. {pull}",
    Kind.INITIALIZATION: (
        "Fargate could not prepare the container{said}. Look at the log group, the secrets and the "
        "execution role that the task definition names, and at the way to them from the task's subnets."
    ),
    Kind.NETWORK: (
        "The task got no network interface{said}. Look whether its subnets have free addresses; "
        "AWS may also be slow at this time."
    ),
    Kind.NEVER_STARTED: "The container never started{said}.",
    Kind.FORGOTTEN: (
        "ECS does not know the task any more: it forgets a task about an hour after its end. "
        "What became of it is not known; its output may be in CloudWatch Logs."
    ),
}
PULL_ADVICE = {
    "not found": "Is the image of this release still in the registry?",
    "timeout": "Is there a way from the task's subnets to ECR (and, for its layers, to S3)?",
    "deadline exceeded": "Is there a way from the task's subnets to ECR (and, for its layers, to S3)?",
    "denied": "May the execution role pull it?",
    "not authorized": "May the execution role pull it?",
    "toomanyrequests": "The registry limits how often images are pulled.",
}
WORKER_FAILED = (
    "The worker ended with exit code {code}. An error in a task's own code ends with 0, so look at "
    "the last lines below, and whether {memory} are enough."
)
GONE = (
    "The worker found no payload: another container has read it before, or it waited for longer than payloads are kept."
)
SIGNALLED = {
    "SIGKILL": (
        "The container was killed: exit code 137 (SIGKILL), and ECS names no reason. Something inside killed it, "
        "or its {memory} were too little."
    ),
    "SIGTERM": "The container was asked to end: exit code 143 (SIGTERM){said}.",
}


def explain(task: Mapping[str, Any]) -> StopReason:
    """Explain a stopped task of DescribeTasks, or a ``failures`` entry as ``{"stoppedReason": reason}``."""
    if task.get("stoppedReason") == MISSING:
        return StopReason(Kind.FORGOTTEN, TEXTS[Kind.FORGOTTEN], started=True)  # it may have
    kind = _kind(task)
    return StopReason(kind, _template(kind, task).format(**_facts(task)), _started(task))


def _kind(task: Mapping[str, Any]) -> Kind:
    """What the container says goes before what the task says: it is nearer to the cause."""
    for reason in (*_container_reasons(task), task.get("stoppedReason") or ""):
        for wording, kind in WORDINGS.items():
            if wording in reason:
                return kind
    if known := STOP_CODES.get(task.get("stopCode") or ""):
        return known
    code = _exit_code(task)
    if code is None:
        return Kind.INFRASTRUCTURE if _started(task) else Kind.NEVER_STARTED
    return Kind.EXIT_CODE if code else Kind.FINISHED


def _template(kind: Kind, task: Mapping[str, Any]) -> str:
    if kind is not Kind.EXIT_CODE:
        return TEXTS[kind]
    return GONE if _exit_code(task) == PAYLOAD_GONE else SIGNALLED.get(_signal(task), WORKER_FAILED)


def _started(task: Mapping[str, Any]) -> bool:
    """Tell whether the container may have run. A runtime id alone is given before the start."""
    if "startedAt" in task or _exit_code(task) is not None:
        return True
    made = any("runtimeId" in container for container in task.get("containers") or [])
    return made and task.get("stopCode") != "TaskFailedToStart"


def _facts(task: Mapping[str, Any]) -> dict[str, Any]:
    cpu, memory = _size(task, "cpu"), _size(task, "memory")
    code, provider = _exit_code(task), task.get("capacityProviderName")
    said = "; ".join(filter(None, (*_container_reasons(task), task.get("stoppedReason"))))
    images = [container["image"] for container in task.get("containers") or [] if container.get("image")]
    return {
        "code": code,
        "exit": f" (exit code {code}{', ' + _signal(task) if _signal(task) else ''})" if code is not None else "",
        "image": images[0] if images else "of the task definition",
        "larger": _advice(cpu, memory),
        "memory": f"{memory:g} GiB of memory" if memory else "memory",
        "provider": f" on {provider}" if provider else "",
        "pull": next((advice for part, advice in PULL_ADVICE.items() if part in said.lower()), ""),
        "said": f": {said.rstrip('. ')}" if said else "",
        "size": f" for {cpu:g} vCPU and {memory:g} GiB" if cpu and memory else "",
        "zones": ", or run it without spot=True" if provider == "FARGATE_SPOT" else "",
    }


def _advice(cpu: float, memory: float) -> str:
    if not (cpu and memory):
        return "Give the task more memory."
    larger = next_size(cpu, memory)
    if not larger:
        return "Fargate has no larger size: let the task work on less at a time."
    return f"Try executor_config=fargate(cpu={larger[0]:g}, memory={larger[1]:g})."


def next_size(cpu: float, memory: float) -> tuple[float, float] | None:
    """Return the size to try after this one was too small: twice the memory, or the most there is.

    :returns: vCPU and GiB, as ``fargate()`` takes them; None where Fargate has no more memory
    """
    sizes = [(c, m) for c, choices in LEGAL_MEMORY.items() if c >= cpu for m in choices if m > memory]
    doubled = [size for size in sizes if size[1] >= 2 * memory]
    return min(doubled) if doubled else max(sizes, default=None)


def _size(task: Mapping[str, Any], name: str) -> float:
    """Return vCPUs or GiB; 0 where the description has none, as that of a failed launch."""
    text = task.get(name) or (task.get("overrides") or {}).get(name) or ""
    return int(text) / GIB if text.isdecimal() else 0  # 1024 CPU units are a vCPU


def _exit_code(task: Mapping[str, Any]) -> int | None:
    codes = [container["exitCode"] for container in task.get("containers") or [] if "exitCode" in container]
    return max(codes, default=None)


def _container_reasons(task: Mapping[str, Any]) -> list[str]:
    return [container["reason"] for container in task.get("containers") or [] if container.get("reason")]


def _signal(task: Mapping[str, Any]) -> str:
    """Return the name of the signal that an exit code over 128 stands for, or nothing."""
    with suppress(ValueError):
        return signal.Signals((_exit_code(task) or 0) - 128).name
    return ""
