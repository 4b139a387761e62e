"""Tasks that wait for the account to have room: the scheduler is told so, and does not take them for stuck."""

from collections.abc import Callable
from typing import Any

import pytest
from airflow.configuration import conf

from fargate.executor import KEPT_QUEUED_EVERY_S
from tests.plugins.fargate.cloud import Cloud, Database, error, eventually
from tests.plugins.fargate.test_executor import give, raising, took_up
from tests.plugins.fargate.workloads import LAUNCH, workload

LIMIT = error("ClientException", "You've reached the limit on the number of vCPUs you can run concurrently")


@pytest.fixture
def pass_time(executor: Any) -> Callable[[float], None]:
    """A function that lets so many seconds pass for the executor."""

    def back(seconds: float) -> None:
        executor._kept_queued_at -= seconds

    return back


def test_what_waits_is_kept_queued_once_a_minute(
    executor: Any, cloud: Cloud, database: Database, pass_time: Callable[[float], None]
) -> None:
    cloud.ecs.faults += [raising(LIMIT)] * 1000
    give(executor, workload())
    eventually(lambda: executor.sync() or len(cloud.ecs.calls) > 1)
    assert database.kept == []
    for kept in ([LAUNCH], [LAUNCH, LAUNCH]):
        pass_time(KEPT_QUEUED_EVERY_S)
        executor.sync()
        executor.sync()
        assert database.kept == kept


def test_what_ecs_has_started_is_not_kept_queued(
    executor: Any, database: Database, pass_time: Callable[[float], None]
) -> None:
    give(executor, workload())
    eventually(lambda: took_up(executor))
    pass_time(KEPT_QUEUED_EVERY_S)
    executor.sync()
    assert database.kept == []


def test_a_minute_is_much_less_than_the_scheduler_waits() -> None:
    """One that is missed, or comes late, does no harm."""
    assert conf.getfloat("scheduler", "task_queued_timeout") >= 5 * KEPT_QUEUED_EVERY_S
