"""The task sizes that Fargate has, as the ECS developer guide lists them.

Written from AWS's page and not imported from the executor, so that a mistake there is seen
here: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from moto.ecs.exceptions import EcsClientException

GIB = 1024

# CPU units -> legal memory in MiB
LEGAL: dict[int, tuple[int, ...]] = {
    256: (512, 1 * GIB, 2 * GIB),
    512: tuple(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: tuple(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: tuple(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: tuple(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: tuple(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: tuple(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}
DISK_GIB = range(21, 201)
DEFAULT_DISK_GIB = 20


def check(cpu: str | int | None, memory: str | int | None) -> tuple[int, int]:
    """Return (CPU units, memory in MiB), or raise ClientException as RegisterTaskDefinition does."""
    if cpu is None or memory is None:
        raise EcsClientException("Fargate requires that 'cpu' and 'memory' be defined at the task level.")
    try:
        pair = int(cpu), int(memory)
    except ValueError:
        raise EcsClientException(f"Invalid 'cpu' or 'memory' setting for task: {cpu!r}, {memory!r}") from None
    if pair[1] not in LEGAL.get(pair[0], ()):
        raise EcsClientException(
            f"No Fargate configuration exists for given values: {pair[0]} CPU, {pair[1]} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    return pair


def check_disk(ephemeral_storage: dict[str, int] | None) -> int:
    """Return the task's ephemeral storage in GiB, or raise ClientException."""
    if not ephemeral_storage:
        return DEFAULT_DISK_GIB
    size = ephemeral_storage["sizeInGiB"]
    if size not in DISK_GIB:
        raise EcsClientException(
            f"Invalid ephemeral storage size {size} GiB: it must be between {DISK_GIB[0]} and {DISK_GIB[-1]} GiB."
        )
    return size
