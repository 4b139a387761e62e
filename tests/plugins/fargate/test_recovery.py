"""A task that ECS has and does not name: it is found by its launch id, and no second one is started."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.plugins.fargate.cloud import ARN, Cloud, Database, error, eventually
from tests.plugins.fargate.test_executor import NEVER_STARTED, launch, raising, stop, took_up
from tests.plugins.fargate.workloads import LAUNCH, workload

UNNAMED = error("ConflictException", "in use")


def show(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, when: Callable[[dict[str, Any], int], bool]) -> None:
    """Let ListTasks show those of its tasks for which ``when`` is true, given how often it was asked."""
    asked, list_tasks = Counter[str](), cloud.ecs.list_tasks

    def some(**request: Any) -> dict[str, Any]:
        asked[request["desiredStatus"]] += 1
        arns = list_tasks(**request)["taskArns"]
        return {"taskArns": [arn for arn in arns if when(cloud.ecs.tasks[arn], asked[request["desiredStatus"]])]}

    monkeypatch.setattr(cloud.ecs, "list_tasks", some)


def test_a_task_that_a_conflict_does_not_name_is_found_by_its_launch_id(
    executor: Any, cloud: Cloud, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger="fargate.launcher")
    cloud.ecs.names_conflicts = False
    task = cloud.ecs.task(LAUNCH, f"{LAUNCH}-0", {"another": "request"})
    launch(executor, workload())
    assert database.arns == {LAUNCH: task["taskArn"]}
    assert (len(cloud.ecs.calls), len(cloud.ecs.tasks)) == (1, 1)
    [said] = [record.message for record in caplog.records if record.name == "fargate.launcher"]
    assert said == (
        "ECS has a task and does not say which one it is; ListTasks is asked until it shows it: "
        "ConflictException: in use"
    )


def test_what_list_tasks_does_not_show_yet_is_asked_for_again(
    executor: Any, cloud: Cloud, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counter[str]()
    monkeypatch.setattr("fargate.launcher.stats", SimpleNamespace(incr=lambda name: counts.update([name])))
    show(cloud, monkeypatch, lambda _, asked: asked > 2)
    cloud.ecs.names_conflicts = False
    task = cloud.ecs.task(LAUNCH, f"{LAUNCH}-0", {"another": "request"})
    first, *again = launch(executor, workload())
    assert again == [first] * 2
    assert database.arns == {LAUNCH: task["taskArn"]}
    assert len(cloud.ecs.tasks) == 1
    assert counts == {"fargate.unnamed": 3}


def test_a_task_that_never_started_is_not_taken_for_the_one_that_is_looked_for(
    executor: Any, cloud: Cloud, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.launch.FIRST_DELAY_S", 0.01)
    launch(executor, workload())
    show(cloud, monkeypatch, lambda task, asked: task["clientToken"].endswith("-0") or asked > 2)
    cloud.ecs.afterwards += [raising(UNNAMED)] * 3
    stop(cloud, f"{ARN}{0:032}", **NEVER_STARTED)
    eventually(lambda: executor.sync() or database.arns != {LAUNCH: f"{ARN}{0:032}"})
    eventually(lambda: took_up(executor))
    assert database.arns == {LAUNCH: f"{ARN}{1:032}"}
    assert executor.fleet.arns() == [f"{ARN}{1:032}"]
    assert len(cloud.ecs.tasks) == 2
