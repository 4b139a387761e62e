"""A launch: how long it waits for its next attempt, and what an attempt leaves to the next."""

from typing import Any

import pytest

from fargate.launch import Launch


def launch(**changes: Any) -> Launch:
    return Launch("key", "id", None, **{"config": {}, **changes})  # type: ignore[arg-type]


def test_each_attempt_waits_twice_as_long_and_none_over_a_minute() -> None:
    delays = [launch(attempt=attempt).delay() for attempt in range(2, 9)]
    assert delays == [5, 10, 20, 40, 60, 60, 60]


def test_a_far_attempt_has_a_delay_as_well() -> None:
    assert launch(attempt=1000).delay() == 60


@pytest.mark.parametrize(
    ("strategy", "on_demand", "expected"),
    [
        ([{"capacityProvider": "FARGATE_SPOT", "weight": 1}], False, True),
        ([{"capacityProvider": "FARGATE", "base": 1}, {"capacityProvider": "FARGATE_SPOT"}], False, True),
        ([{"capacityProvider": "FARGATE_SPOT"}], True, False),
        ([{"capacityProvider": "FARGATE"}], False, False),
        ([], False, False),
        (None, False, False),
        ([{}], False, False),  # what ECS refuses must not end the scheduler before
        (["FARGATE_SPOT"], False, False),
    ],
)
def test_a_launch_is_on_spot(strategy: Any, on_demand: bool, expected: bool) -> None:
    assert launch(config={"capacityProviderStrategy": strategy}, on_demand=on_demand).on_spot is expected


def test_the_next_task_has_nothing_of_one_that_never_started() -> None:
    made = launch(arn="arn:1", request={"clientToken": "id-0"}, unnamed=True, started=True)
    made.next_task()
    made.next_task()  # one that had no capacity, and no ARN
    assert (made.sequence, made.arn, made.request, made.unnamed, made.started) == (2, "", None, False, False)
    assert made.former == ["arn:1"]
