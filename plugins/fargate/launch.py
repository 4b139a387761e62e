"""One launch: what it takes to have ECS start a task, once."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from airflow.executors.workloads import ExecuteCallback, ExecuteTask
    from airflow.executors.workloads.types import WorkloadKey

FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 60.0


@dataclass(eq=False)
class Launch:
    """A queueing of a task, from the queue of the executor to the end of its ECS task.

    ``launch_id`` was stored with the state QUEUED before anything else happened. ``sequence`` counts
    the ECS tasks of this launch that never started; ``attempt`` those of them that were not a matter
    of Spot. Times are of the clock ``time.time``, in seconds.
    """

    key: "WorkloadKey"
    launch_id: str
    workload: "ExecuteTask | ExecuteCallback | None"  # None: it is in the payload
    config: dict[str, Any]
    subject: str = ""  # whom the token is for: the id of a task instance or of a callback
    tags: dict[str, str] = field(default_factory=dict)
    queued_at: float = field(default_factory=time.time)

    sequence: int = 0
    attempt: int = 1
    on_demand: bool = False
    # a scheduler that died may have made the call
    recover: bool = False
    # its task has reported that it runs, so that there is nothing to launch
    ran: bool = False
    # ECS has its task and did not say which one it is
    unnamed: bool = False
    # ARNs of its tasks that never started
    former: list[str] = field(default_factory=list)

    payload_key: str = ""
    stored_at: float = 0.0
    body: dict[str, Any] | None = None  # the workload as JSON
    request: dict[str, Any] | None = None
    arn: str = ""
    stored_as: str = ""  # what the task instance has as its external_executor_id
    called_at: float = 0.0
    asked: str = ""  # of whom something was asked last
    started: bool = False
    revoked: bool = False

    def __post_init__(self) -> None:
        self.stored_as = self.arn or self.launch_id

    @property
    def of_task(self) -> bool:
        """Tell a task's launch from one of a callback, which has no row with an ARN."""
        return "dag_id" in self.tags

    @property
    def on_spot(self) -> bool:
        strategy = self.config.get("capacityProviderStrategy") or ()
        providers = [entry.get("capacityProvider") for entry in strategy if isinstance(entry, dict)]
        return not self.on_demand and "FARGATE_SPOT" in providers

    @property
    def size(self) -> dict[str, str]:
        """CPU units and MiB as the task asks for them, "default" where the task definition says."""
        overrides = self.config.get("overrides", {})
        return {name: str(overrides.get(name, "default")) for name in ("cpu", "memory")}

    def next_task(self) -> None:
        """Make ready for another ECS task, after one that never started."""
        self.sequence += 1
        self.request = None
        if self.arn:
            self.former.append(self.arn)
        self.arn = ""
        self.started = self.unnamed = False

    def delay(self) -> float:
        """Return the seconds before the next attempt, before jitter."""
        return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (self.attempt - 2))


def is_launch_id(external_executor_id: str | None) -> bool:
    """Tell a launch id, which the scheduler made up, from the ARN that ECS answered with."""
    try:
        UUID(external_executor_id or "")
    except ValueError:
        return False
    return True
