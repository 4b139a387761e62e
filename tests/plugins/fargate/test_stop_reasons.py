"""What is said of stopped tasks, as literals.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from typing import Any

import pytest

from fargate import fargate
from fargate.sizes import LEGAL_MEMORY
from fargate.stop_reasons import Kind, StopReason, explain, next_size

EXITED = "Essential container in task exited"
PULL = "CannotPullContainerError: pull image manifest has been retried 5 time(s): "
CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


def ran(code: int | None, reason: str | None = None, **task: Any) -> dict[str, Any]:
    """Return DescribeTasks' task whose container had started; of ½ vCPU and 1 GiB."""
    container = {"name": "airflow", "image": "repo/airflow@sha256:12", "runtimeId": "1-2", "exitCode": code}
    container = {k: v for k, v in {**container, "reason": reason}.items() if v is not None}
    base = {"cpu": "512", "memory": "1024", "stopCode": "EssentialContainerExited", "stoppedReason": EXITED}
    return {**base, "startedAt": "2026-01-01", "containers": [container], **task}


def not_started(reason: str, **task: Any) -> dict[str, Any]:
    container = {"name": "airflow", "image": "repo/airflow@sha256:12"}
    base = {"cpu": "512", "memory": "1024", "stopCode": "TaskFailedToStart", "stoppedReason": reason}
    return {**base, "containers": [container], **task}


OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
CASES = {
    "normal": (ran(0), Kind.FINISHED, "The container ended normally."),
    "memory": (
        ran(137, OUT_OF_MEMORY),
        Kind.OUT_OF_MEMORY,
        "Out of memory: the container used more than its 1 GiB of memory and was killed "
        "(exit code 137, SIGKILL). Try executor_config=fargate(cpu=0.5, memory=2).",
    ),
    # only a child was killed: https://github.com/aws/amazon-ecs-agent/issues/2467
    "memory, of a child": (
        ran(0, OUT_OF_MEMORY),
        Kind.OUT_OF_MEMORY,
        "Out of memory: the container used more than its 1 GiB of memory and was killed "
        "(exit code 0). Try executor_config=fargate(cpu=0.5, memory=2).",
    ),
    "memory, of the task": (
        ran(137, stoppedReason="OutOfMemoryError: container killed due to high memory usage"),
        Kind.OUT_OF_MEMORY,
        "Out of memory: the container used more than its 1 GiB of memory and was killed "
        "(exit code 137, SIGKILL). Try executor_config=fargate(cpu=0.5, memory=2).",
    ),
    "memory, the most": (
        ran(137, OUT_OF_MEMORY, cpu="16384", memory="122880"),
        Kind.OUT_OF_MEMORY,
        "Out of memory: the container used more than its 120 GiB of memory and was killed "
        "(exit code 137, SIGKILL). Fargate has no larger size: let the task work on less at a time.",
    ),
    "spot": (
        ran(143, stopCode="SpotInterruption", stoppedReason="Your Spot Task was interrupted."),
        Kind.SPOT_INTERRUPTION,
        "AWS took back the Spot capacity on which the task ran (exit code 143, SIGTERM). "
        "Give the task retries, or run it without spot=True if it must not be interrupted.",
    ),
    "stopped": (
        ran(137, stopCode="UserInitiated", stoppedReason="too slow"),
        Kind.STOPPED_BY_USER,
        "Somebody stopped the ECS task through ECS's API or console (exit code 137, SIGKILL): too slow.",
    ),
    "stopped, without a code": (
        ran(143, stopCode=None, stoppedReason="Task stopped by user"),
        Kind.STOPPED_BY_USER,
        "Somebody stopped the ECS task through ECS's API or console (exit code 143, SIGTERM): Task stopped by user.",
    ),
    "retired": (
        ran(143, stopCode="TerminationNotice", stoppedReason="ECS is performing maintenance."),
        Kind.INFRASTRUCTURE,
        "AWS ended the task to replace the machine below it (exit code 143, SIGTERM): "
        "ECS is performing maintenance. Run it again.",
    ),
    "gone while it ran": (
        ran(None, stopCode=None, stoppedReason="Host terminated"),
        Kind.INFRASTRUCTURE,
        "AWS ended the task to replace the machine below it: Host terminated. Run it again.",
    ),
    "worker": (
        ran(1),
        Kind.EXIT_CODE,
        "The worker ended with exit code 1. An error in a task's own code ends with 0, so look at "
        "the last lines below, and whether 1 GiB of memory are enough.",
    ),
    "kill -9": (
        ran(137),
        Kind.EXIT_CODE,
        "The container was killed: exit code 137 (SIGKILL), and ECS names no reason. Something inside killed it, "
        "or its 1 GiB of memory were too little.",
    ),
    "SIGTERM": (
        ran(143),
        Kind.EXIT_CODE,
        "The container was asked to end: exit code 143 (SIGTERM): Essential container in task exited.",
    ),
    "no such image": (
        not_started(f"{PULL}failed to resolve ref repo/airflow@sha256:12: not found"),
        Kind.PULL_FAILURE,
        f"The image repo/airflow@sha256:12 could not be pulled: {PULL}failed to resolve ref repo/airflow@sha256:12: "
        "not found. Is the image of this release still in the registry?",
    ),
    "no way to the registry": (
        not_started(f"{PULL}dial tcp 10.0.0.1:443: i/o timeout."),
        Kind.PULL_FAILURE,
        f"The image repo/airflow@sha256:12 could not be pulled: {PULL}dial tcp 10.0.0.1:443: i/o timeout. "
        "Is there a way from the task's subnets to ECR (and, for its layers, to S3)?",
    ),
    "no right to pull": (
        not_started(f"{PULL}AccessDeniedException: ecr:GetAuthorizationToken"),
        Kind.PULL_FAILURE,
        f"The image repo/airflow@sha256:12 could not be pulled: {PULL}AccessDeniedException: "
        "ecr:GetAuthorizationToken. May the execution role pull it?",
    ),
    "no log group": (
        not_started("ResourceInitializationError: failed to validate logger args: The log group does not exist."),
        Kind.INITIALIZATION,
        "Fargate could not prepare the container: ResourceInitializationError: failed to validate logger args: The "
        "log group does not exist. Look at the log group, the secrets and the execution role that the task "
        "definition names, and at the way to them from the task's subnets.",
    ),
    "no capacity": (
        not_started(CAPACITY, capacityProviderName="FARGATE_SPOT"),
        Kind.NO_CAPACITY,
        "Fargate has no capacity for 0.5 vCPU and 1 GiB on FARGATE_SPOT at this time. "
        "Try later, or another size, or run it without spot=True.",
    ),
    "no network interface": (
        not_started("Timeout waiting for network interface provisioning to complete."),
        Kind.NETWORK,
        "The task got no network interface: Timeout waiting for network interface provisioning to complete. "
        "Look whether its subnets have free addresses; AWS may also be slow at this time.",
    ),
    "no start": (
        not_started('CannotStartContainerError: failed to start shim: exec: "python": not found'),
        Kind.NEVER_STARTED,
        'The container never started: CannotStartContainerError: failed to start shim: exec: "python": not found.',
    ),
    "RunTask's failure": (
        {"stoppedReason": CAPACITY},
        Kind.NO_CAPACITY,
        "Fargate has no capacity at this time. Try later, or another size.",
    ),
}
NOT_STARTED = {case for case, (task, _, _) in CASES.items() if "startedAt" not in task}


@pytest.mark.parametrize("case", CASES)
def test_a_stop_is_explained(case: str) -> None:
    task, kind, text = CASES[case]
    assert explain(task) == StopReason(kind, text, started=case not in NOT_STARTED)


@pytest.mark.parametrize("case", CASES)
def test_only_what_never_started_may_be_launched_again(case: str) -> None:
    assert len(NOT_STARTED) == 8
    assert explain(CASES[case][0]).may_be_launched_again == (case in NOT_STARTED)


def test_what_somebody_stopped_before_its_start_stays_stopped() -> None:
    reason = explain(not_started("not needed", stopCode="UserInitiated"))
    assert (reason.kind, reason.started, reason.may_be_launched_again) == (Kind.STOPPED_BY_USER, False, False)


@pytest.mark.parametrize(
    ("task", "started"),
    [
        ({"containers": [{"runtimeId": "1-2"}], "stopCode": "EssentialContainerExited"}, True),
        ({"containers": [{"runtimeId": "1-2"}], "stopCode": "TaskFailedToStart"}, False),
        ({"containers": [{"exitCode": 1}], "stopCode": "TaskFailedToStart"}, True),
        ({"containers": [{}], "startedAt": "2026-01-01", "stopCode": "TaskFailedToStart"}, True),
        ({"containers": [{}]}, False),
        ({}, False),
    ],
)
def test_whether_a_container_ran(task: dict[str, Any], started: bool) -> None:
    assert explain(task).started is started


def test_what_ecs_has_forgotten_may_have_run() -> None:
    reason = explain({"taskArn": "arn:aws:ecs:x", "stoppedReason": "MISSING"})
    assert (reason.kind, reason.may_be_launched_again) == (Kind.FORGOTTEN, False)
    assert reason.text.startswith("ECS does not know the task any more: it forgets a task about an hour after its end.")


@pytest.mark.parametrize(
    ("size", "larger"),
    [
        ((0.25, 0.5), (0.25, 1)),
        ((0.5, 1), (0.5, 2)),
        ((0.25, 2), (0.5, 4)),
        ((1, 8), (2, 16)),
        ((4, 8), (4, 16)),
        ((4, 30), (8, 60)),
        ((8, 60), (16, 120)),
        ((16, 64), (16, 120)),
        ((16, 120), None),
    ],
)
def test_the_next_size_has_twice_the_memory_or_the_most(size: Any, larger: Any) -> None:
    assert next_size(*size) == larger


def test_every_next_size_is_legal_and_larger() -> None:
    sizes = [(cpu, memory) for cpu, choices in LEGAL_MEMORY.items() for memory in choices]
    assert len(sizes) > 60
    for cpu, memory in sizes:
        if larger := next_size(cpu, memory):
            assert larger[1] > memory
            assert fargate(cpu=larger[0], memory=larger[1])
