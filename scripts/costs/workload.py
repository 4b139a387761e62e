"""What runs in a month, and what of it is counted."""

import math
from dataclasses import dataclass

from fargate.sizes import cpu_and_memory

HOURS = 730  # AWS's own month
WEEK_HOURS = 168
LEAST_SECONDS = 60  # Fargate bills a minute at least
# Fargate keeps no image between tasks. One of 413 MB took 53 to 62 s from the creation of a task to its start
# (https://elasticscale.com/blog/reduce-aws-fargate-pull-times-with-soci): 10 MB/s leave a quarter of that for what
# comes before the pull, which is not billed.
PULL_MB_S = 10
# ECR's token, manifest and a signed address for each layer; then RunTask, DescribeTasks and what a worker asks of AWS.
# Both are rounded up: a start moves a few kB each way.
ECR_KB = 60
API_KB = 40


@dataclass(frozen=True)
class Workload:
    """A deployment's month. MB and GB are decimal: AWS counts some as 2^30 bytes, and is then up to 7 % cheaper."""

    starts: float
    image_mb: float
    cpu: float
    memory: float
    seconds: float
    pull: float | None
    spot: float
    architecture: str
    zones: int
    hosts: int
    host_type: str
    host_disk_gb: float
    database_class: str
    database_gb: float
    multi_az: bool
    logs_gb: float
    log_days: float
    lake_gb: float
    images: float

    def __post_init__(self) -> None:
        """Refuse a size that Fargate does not have, with :class:`fargate.sizes.IllegalSize`."""
        cpu_and_memory(self.cpu, self.memory)

    @property
    def pull_seconds(self) -> float:
        """Return how long the pull of the image takes, which Fargate bills."""
        return self.image_mb / PULL_MB_S if self.pull is None else self.pull

    @property
    def billed_seconds(self) -> int:
        """Return what Fargate bills of a task: from the start of the pull, whole seconds, a minute at least."""
        return max(LEAST_SECONDS, math.ceil(self.pull_seconds + self.seconds))

    @property
    def hours(self) -> float:
        """Return the hours that tasks are billed for."""
        return self.starts * self.billed_seconds / 3600

    @property
    def image_gb(self) -> float:
        """Return what all pulls of the month move: the layers, which lie in S3."""
        return self.starts * self.image_mb / 1000

    @property
    def s3_gb(self) -> float:
        """Return what goes between tasks and S3: layers of the image, logs, the lake."""
        return self.image_gb + self.logs_gb + self.lake_gb

    @property
    def ecr_gb(self) -> float:
        return self.starts * ECR_KB / 1e6

    @property
    def api_gb(self) -> float:
        """Return what goes to AWS's other services, CloudWatch Logs among them."""
        return self.starts * API_KB / 1e6 + self.logs_gb
