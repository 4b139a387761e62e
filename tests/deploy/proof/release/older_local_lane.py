"""The local lane as a release with Airflow 3.2 would have it: Airflow's own executor, of a size of its own.

Workloads of 3.2 do not say in which states they begin and end, which the lane of today builds on.
"""

from collections.abc import Callable

from airflow.executors.local_executor import LocalExecutor

from fargate import settings

before_drain: list[Callable[[], None]] = []


class LocalLane(LocalExecutor):
    def __init__(self, parallelism: int | None = None, team_name: str | None = None) -> None:
        super().__init__(parallelism=parallelism or settings.local_lane_parallelism(), team_name=team_name)
