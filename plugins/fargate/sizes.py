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


def cpu_and_memory(cpu: float | None, memory: float | None) -> dict[str, str]:
    """Return the ``overrides`` of RunTask for vCPUs and GiB, neither or both of which are given.

    :raises IllegalSize: when Fargate has no such task
    """
    if cpu is None and memory is None:
        return {}
    if cpu is None or memory is None:
        raise IllegalSize(f"cpu={cpu!r}, memory={memory!r}: name both, or neither for the default size")
    if cpu not in LEGAL_MEMORY:
        raise IllegalSize(f"cpu={cpu!r} vCPU: legal are {_list(LEGAL_MEMORY)}")
    if memory not in LEGAL_MEMORY[cpu]:
        raise IllegalSize(f"memory={memory!r} GiB with cpu={cpu!r} vCPU: legal are {_list(LEGAL_MEMORY[cpu])}")
    return {"cpu": str(int(cpu * 1024)), "memory": str(int(memory * GIB))}


def checked_disk(disk: Any) -> int:
    """Return GiB of ephemeral storage that Fargate has.

    :raises IllegalSize: when it has not
    """
    if isinstance(disk, bool) or not isinstance(disk, int) or not FREE_DISK < disk <= MOST_DISK:
        raise IllegalSize(
            f"disk={disk!r} GiB: legal are whole numbers from {FREE_DISK + 1} to {MOST_DISK}; "
            f"{FREE_DISK} come with every task"
        )
    return disk


def _list(values: Any) -> str:
    return ", ".join(f"{value:g}" for value in values)
