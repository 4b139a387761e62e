"""A strategy that the deployment has for all tasks, from Airflow's option, which is a text."""

from typing import Any

import pytest

from fargate import strategy
from fargate.executor import AwsFargateExecutor
from fargate.settings import IllegalSetting
from tests.plugins.fargate.cloud import ARN, Cloud, Database, eventually
from tests.plugins.fargate.test_executor import give, launch
from tests.plugins.fargate.workloads import LAUNCH, orphan, workload

OPTION = "AIRFLOW__AWS_ECS_EXECUTOR__"
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
BOTH = [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 4}]
ON_DEMAND = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}
NO_CAPACITY = {"tasks": [], "failures": [{"reason": "Capacity is unavailable at this time. Please try again"}]}


def set_option(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delenv(f"{OPTION}LAUNCH_TYPE")  # RunTask takes one or the other
    monkeypatch.setenv(f"{OPTION}CAPACITY_PROVIDER_STRATEGY", text)


@pytest.fixture
def spot(monkeypatch: pytest.MonkeyPatch) -> None:
    set_option(monkeypatch, strategy.EXAMPLE)


def providers(calls: list[dict[str, Any]]) -> list[str]:
    return [call["capacityProviderStrategy"][0]["capacityProvider"] for call in calls]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"capacityProvider": "FARGATE_SPOT", "weight": 1}]', SPOT),
        ("[{'capacityProvider': 'FARGATE_SPOT', 'weight': 1}]", SPOT),
        (
            '[{"capacityProvider": "FARGATE", "base": 1, "weight": 1},\n'
            ' {"capacityProvider": "FARGATE_SPOT", "weight": 4}]',
            BOTH,
        ),
    ],
    ids=["JSON", "as the provider documents it", "both"],
)
def test_the_option_is_a_list(monkeypatch: pytest.MonkeyPatch, text: str, expected: list[Any]) -> None:
    set_option(monkeypatch, text)
    base = AwsFargateExecutor(parallelism=1).run_task_kwargs
    assert base["capacityProviderStrategy"] == expected
    assert "launchType" not in base


def test_it_may_be_among_the_arguments_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{OPTION}RUN_TASK_KWARGS", '{"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}')
    base = AwsFargateExecutor(parallelism=1).run_task_kwargs
    assert base["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE"}]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FARGATE_SPOT", ""),
        ("[{", ""),
        ("[]", " (capacityProviderStrategy=[]: legal are FARGATE and FARGATE_SPOT, or none of it at all)"),
        ('["FARGATE_SPOT"]', " (capacityProviderStrategy has 'FARGATE_SPOT': legal is a dictionary, such as"),
        ('{"capacityProvider": "FARGATE_SPOT"}', " (capacityProviderStrategy={'capacityProvider': 'FARGATE_SPOT'}: "),
        ('[{"capacityProvider": "SPOT"}]', " (capacityProvider='SPOT': legal are FARGATE and FARGATE_SPOT)"),
        ('[{"capacity_provider": "FARGATE"}]', " (capacityProviderStrategy has capacity_provider; legal are base, "),
        (
            '[{"capacityProvider": "FARGATE", "weight": "1"}]',
            " (capacityProviderStrategy has weight='1': a whole number from 0)",
        ),
    ],
)
def test_what_is_no_strategy_is_said_when_the_executor_is_made(
    monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    set_option(monkeypatch, text)
    with pytest.raises(IllegalSetting) as failed:
        AwsFargateExecutor(parallelism=1)
    message = str(failed.value)
    assert message.startswith(f"[aws_ecs_executor] capacity_provider_strategy is {text!r}{why}")
    assert message.endswith(f": it is such as {strategy.EXAMPLE}")


def test_a_wrong_one_among_the_arguments_names_that_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{OPTION}RUN_TASK_KWARGS", '{"capacityProviderStrategy": []}')
    with pytest.raises(IllegalSetting, match=r"^\[aws_ecs_executor\] run_task_kwargs is \[\] "):
        AwsFargateExecutor(parallelism=1)


@pytest.mark.usefixtures("spot")
class TestOfADeploymentOnSpot:
    """A task that asks for nothing is on Spot, and is treated as one that asked for it."""

    def test_a_task_is_on_spot_unless_it_says_otherwise(self, executor: Any) -> None:
        assert providers(launch(executor, workload())) == ["FARGATE_SPOT"]
        other = workload(launch_id=LAUNCH.replace("1111", "2222"), map_index=4, config=ON_DEMAND)
        assert providers(launch(executor, other)) == ["FARGATE"]
        assert [entry.on_spot for entry in executor.fleet._launches.values()] == [True, False]

    def test_its_launches_are_counted_as_those_on_spot(self, executor: Any) -> None:
        buckets = executor.fleet.launcher._launches
        asked: list[bool] = []
        for on_spot, bucket in buckets.items():
            wait = bucket.wait
            bucket.wait = lambda stop, on_spot=on_spot, wait=wait: asked.append(on_spot) or wait(stop)
        launch(executor, workload())
        assert asked == [True]

    def test_without_capacity_it_runs_on_demand(self, executor: Any, cloud: Cloud) -> None:
        cloud.ecs.faults.append(lambda _: NO_CAPACITY)
        give(executor, workload())
        eventually(lambda: executor.sync() or cloud.ecs.tasks)
        assert providers(cloud.ecs.calls) == ["FARGATE_SPOT", "FARGATE"]

    def test_the_try_after_an_interruption_runs_on_demand(self, executor: Any, database: Database) -> None:
        database.events.add((1, "fargate: spot interruption"))
        assert providers(launch(executor, workload(try_number=2))) == ["FARGATE"]

    @pytest.mark.parametrize("known", [LAUNCH, f"{ARN}{0:032}"], ids=["launch id", "ARN"])
    def test_a_task_that_is_adopted_is_on_spot(self, executor: Any, known: str) -> None:
        executor.try_adopt_task_instances([orphan(known, {})])
        [adopted] = executor.fleet._launches.values()
        assert adopted.on_spot
