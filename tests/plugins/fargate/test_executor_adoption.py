"""Tasks of a scheduler that died are taken over: none is lost and none is started twice."""

import json
from typing import Any

import pytest

from fargate import fargate
from fargate.releases import record as records
from tests.plugins.fargate.cloud import ARN, Cloud, Database, eventually
from tests.plugins.fargate.releases.conftest import record
from tests.plugins.fargate.test_executor import exited, launch, reported, stop, took_up
from tests.plugins.fargate.workloads import IDENTITY_TAGS, LAUNCH, orphan, workload

SIZE = fargate(cpu=1, memory=2)


def dead_scheduler(executor: Any, cloud: Cloud) -> dict[str, Any]:
    """Let a first executor launch a task and die; return its call. ``executor`` is as new afterwards."""
    [request] = launch(executor, workload(config=SIZE))
    executor.fleet._launches.clear()
    executor.fleet._by_arn.clear()
    executor.running.clear()
    return request


def adopt(executor: Any, *orphans: Any) -> list[Any]:
    left = list(executor.try_adopt_task_instances(orphans))
    eventually(lambda: took_up(executor))
    return left


def test_a_call_whose_answer_was_lost_is_made_again_as_it_was(executor: Any, cloud: Cloud, database: Database) -> None:
    request = dead_scheduler(executor, cloud)
    assert adopt(executor, orphan(LAUNCH, SIZE)) == []
    assert cloud.ecs.calls == [request, request]
    assert len(cloud.ecs.tasks) == 1
    assert database.arns == {LAUNCH: f"{ARN}{0:032}"}
    assert executor.running == {workload().key}


def test_a_replay_brings_a_fresh_token(executor: Any, cloud: Cloud) -> None:
    dead_scheduler(executor, cloud)
    [key] = cloud.s3.objects
    payload = json.loads(cloud.s3.objects[key])
    cloud.s3.objects[key] = json.dumps({**payload, "workload": {**payload["workload"], "token": "old"}}).encode()
    adopt(executor, orphan(LAUNCH, SIZE))
    assert json.loads(cloud.s3.objects[key])["workload"]["token"] not in ("", "old")


def test_a_call_that_was_stored_and_not_made_is_made(executor: Any, cloud: Cloud) -> None:
    request = dead_scheduler(executor, cloud)
    cloud.ecs.tasks.clear()
    adopt(executor, orphan(LAUNCH, SIZE))
    assert cloud.ecs.calls == [request, request]
    assert len(cloud.ecs.tasks) == 1


def test_a_queued_task_for_which_nothing_was_stored_is_launched(executor: Any, cloud: Cloud) -> None:
    """On the task definition of its run's release."""
    of_release = record("release-7")
    cloud.s3.objects[records.key("release-7")] = of_release.text().encode()
    adopt(executor, orphan(LAUNCH, SIZE))
    [request] = cloud.ecs.calls
    assert request["taskDefinition"] == of_release.task_definition
    del cloud.s3.objects[records.key("release-7")]
    assert (request["startedBy"], request["clientToken"], request["tags"]) == (LAUNCH, f"{LAUNCH}-0", IDENTITY_TAGS)
    assert (request["overrides"]["cpu"], request["overrides"]["memory"]) == ("1024", "2048")
    [payload] = map(json.loads, cloud.s3.objects.values())
    assert payload["workload"]["bundle_info"] == {"name": "dags-folder", "version": "release-7"}


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize("status", ["RUNNING", "STOPPED"])
def test_a_task_that_read_its_payload_is_found_by_its_launch_id(
    executor: Any, cloud: Cloud, database: Database, state: str, status: str
) -> None:
    dead_scheduler(executor, cloud)
    cloud.s3.objects.clear()
    [task] = cloud.ecs.tasks.values()
    task |= {"lastStatus": "RUNNING", "desiredStatus": status}
    adopt(executor, orphan(LAUNCH, SIZE, state=state))
    assert database.arns == {LAUNCH: task["taskArn"]}
    assert len(cloud.ecs.calls) == 1


def test_a_running_task_is_never_launched(executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    dead_scheduler(executor, cloud)
    cloud.ecs.tasks.clear()
    monkeypatch.setattr("fargate.recovery.SHOWN_AFTER_S", 0.2)
    executor.try_adopt_task_instances([orphan(LAUNCH, SIZE, state="running")])
    [(_, (state, why))] = reported(executor).items()
    assert state == "failed"
    assert "ECS knows no task of this launch" in why
    assert len(cloud.ecs.calls) == 1


def test_a_task_with_an_arn_is_watched_and_asks_ecs_nothing_else(executor: Any, cloud: Cloud) -> None:
    dead_scheduler(executor, cloud)
    arn = f"{ARN}{0:032}"
    assert executor.try_adopt_task_instances([orphan(arn, SIZE, state="running")]) == []
    assert executor.running == {workload().key}
    stop(cloud, arn, **exited(0))
    assert reported(executor) == {workload().key: ("success", None)}
    assert len(cloud.ecs.calls) == 1


def test_an_adopted_task_that_never_started_is_launched_from_its_payload(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.launch.FIRST_DELAY_S", 0.01)
    request = dead_scheduler(executor, cloud)
    arn = f"{ARN}{0:032}"
    executor.try_adopt_task_instances([orphan(arn, SIZE)])
    stop(cloud, arn, stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError: timeout")
    eventually(lambda: executor.sync() or len(cloud.ecs.calls) == 2)
    second = cloud.ecs.calls[1]
    assert second == {**request, "clientToken": f"{LAUNCH}-1"}


def test_what_ecs_has_forgotten_fails(executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fargate.fleet.SHOWN_AFTER_S", 0.1)
    executor.try_adopt_task_instances([orphan(f"{ARN}{9:032}", SIZE, state="running")])
    [(_, (state, why))] = reported(executor).items()
    assert state == "failed"
    assert "ECS does not know the task any more" in why


def test_what_was_never_queued_for_fargate_is_left_to_the_scheduler(executor: Any) -> None:
    task = orphan(None, SIZE)
    assert executor.try_adopt_task_instances([task]) == [task]
    assert executor.running == set()
