"""The size of a Fargate task, checked when a DAG is parsed and not when AWS refuses it."""

from typing import Any

GIB = 1024

# vCPU -> legal memory in GiB, for Linux:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
LEGAL_MEMORY: dict[float, tuple[float, ...]] = {
    0.25: (0.5, 1, 2),
    0.5: tuple(range(1, 5)),
    1: tuple(range(2, 9)),
    2: tuple(range(4, 17)),
    4: tuple(range(8, 31)),
    8: tuple(range(16, 61, 4)),
    16: tuple(range(32, 121, 8)),
}
FREE_DISK = 20
MOST_DISK = 200


class IllegalSize(ValueError):
    """A size that Fargate does not have; the message names the legal ones."""


def fargate(
    *, cpu: float | None = None, memory: float | None = None, disk: int | None = None, spot: bool = False
) -> dict[str, Any]:
    """Build an ``executor_config`` for the Fargate executor.

    :param cpu: vCPUs of the task: 0.25, 0.5, 1, 2, 4, 8 or 16; goes with ``memory``
    :param memory: GiB of the task, of those that AWS offers for ``cpu``
    :param disk: GiB of ephemeral storage, 21 to 200; a task has 20 without it
    :param spot: run on FARGATE_SPOT, which is cheaper and may be interrupted
    :raises IllegalSize: when Fargate has no such task

    Without ``cpu`` and ``memory`` the task has the size of the worker's task definition.

    >>> fargate(cpu=1, memory=2, spot=True)["overrides"]
    {'cpu': '1024', 'memory': '2048'}
    """
    overrides: dict[str, Any] = _size(cpu, memory)
    if disk is not None:
        overrides["ephemeralStorage"] = {"sizeInGiB": _disk(disk)}
    config: dict[str, Any] = {"overrides": overrides} if overrides else {}
    if not isinstance(spot, bool):
        raise IllegalSize(f"spot={spot!r} is neither True nor False")
    if spot:
        config["capacityProviderStrategy"] = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    return config


def _size(cpu: float | None, memory: float | None) -> dict[str, Any]:
    if cpu is None and memory is None:
        return {}
    if cpu is None or memory is None:
        raise IllegalSize(f"cpu={cpu!r}, memory={memory!r}: name both, or neither for the default size")
    if cpu not in LEGAL_MEMORY:
        raise IllegalSize(f"cpu={cpu!r} vCPU: legal are {_list(LEGAL_MEMORY)}")
    if memory not in LEGAL_MEMORY[cpu]:
        raise IllegalSize(f"memory={memory!r} GiB with cpu={cpu!r} vCPU: legal are {_list(LEGAL_MEMORY[cpu])}")
    return {"cpu": str(int(cpu * 1024)), "memory": str(int(memory * GIB))}


def _disk(disk: int) -> int:
    if isinstance(disk, bool) or not isinstance(disk, int) or not FREE_DISK < disk <= MOST_DISK:
        raise IllegalSize(
            f"disk={disk!r} GiB: legal are whole numbers from {FREE_DISK + 1} to {MOST_DISK}; "
            f"{FREE_DISK} come with every task"
        )
    return disk


def _list(values: Any) -> str:
    return ", ".join(f"{value:g}" for value in values)
