"""The executor from the scheduler's side: what it is given, what it asks of ECS, what it reports."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from botocore.exceptions import NoCredentialsError, ReadTimeoutError

from fargate import fargate
from fargate.executor import INTERRUPTED, AwsFargateExecutor
from fargate.launch import is_launch_id
from tests.plugins.fargate.cloud import ARN, Cloud, Database, error, eventually
from tests.plugins.fargate.conftest import SECRET
from tests.plugins.fargate.workloads import IDENTITY_TAGS, LAUNCH, TASK, workload

SPOT = fargate(cpu=0.5, memory=1, spot=True)


def give(executor: Any, *workloads: Any) -> None:
    for entry in workloads:
        executor.queue_workload(entry, None)
    executor.trigger_tasks(len(workloads))


def launch(executor: Any, *workloads: Any) -> list[dict[str, Any]]:
    """Give workloads to the executor and let it take up the answers; return its calls."""
    before = len(executor.aws.ecs.calls)
    give(executor, *workloads)
    eventually(lambda: took_up(executor))
    return list(executor.aws.ecs.calls[before:])


def took_up(executor: Any) -> bool:
    executor.sync()
    return not executor.fleet.waiting()


def reported(executor: Any) -> dict[Any, Any]:
    """Return what is reported, as soon as something is."""

    def events() -> dict[Any, Any]:
        executor.sync()
        return dict(executor.get_event_buffer())

    return dict(eventually(events))


def stop(cloud: Cloud, arn: str, **how: Any) -> None:
    cloud.ecs.tasks[arn] |= {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", **how}


def exited(code: int, **more: Any) -> dict[str, Any]:
    containers = [{"name": "airflow", "exitCode": code, **more}]
    return {"containers": containers, "startedAt": datetime.now(UTC), "stopCode": "EssentialContainerExited"}


def test_a_launch_is_this_call(executor: Any, cloud: Cloud) -> None:
    [request] = launch(executor, workload())
    [key] = cloud.s3.objects
    network = {
        "subnets": ["subnet-0000000000000000a", "subnet-0000000000000000c"],
        "securityGroups": ["sg-0000000000000000a"],
        "assignPublicIp": "DISABLED",
    }
    container = {
        "name": "airflow",
        "command": ["python", "-m", "fargate.worker", f"s3://airflow-payloads/{key}"],
        "environment": [{"name": "AIRFLOW_IS_EXECUTOR_CONTAINER", "value": "true"}],
    }
    assert request == {
        "cluster": "airflow",
        "taskDefinition": "airflow-worker",
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "count": 1,
        "networkConfiguration": {"awsvpcConfiguration": network},
        "overrides": {"containerOverrides": [container]},
        "startedBy": LAUNCH,
        "clientToken": f"{LAUNCH}-0",
        "tags": IDENTITY_TAGS,
    }


def test_workload_and_request_are_stored_before_the_call(executor: Any, cloud: Cloud) -> None:
    stored: list[str] = []
    cloud.ecs.faults.append(lambda _: stored.extend(cloud.s3.objects))
    [request] = launch(executor, workload())
    [key] = stored
    assert len(key) > len(f"{LAUNCH}/") + 40
    payload = json.loads(cloud.s3.objects[key])
    assert payload["request"] == request
    assert payload["workload"]["ti"]["task_id"] == "load_small"
    claims = jwt.decode(payload["workload"]["token"], SECRET, algorithms=["HS512"], options={"verify_aud": False})
    assert (claims["sub"], claims["scope"]) == (TASK, "workload")
    assert payload["workload"]["token"] not in json.dumps(request)


def test_the_arn_is_stored_in_the_place_of_the_launch_id(executor: Any, database: Database) -> None:
    assert AwsFargateExecutor.pre_assigns_external_executor_id is True
    launch(executor, workload())
    assert database.arns == {LAUNCH: f"{ARN}{0:032}"}
    assert executor.running == {workload().key}


def test_it_has_the_size_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow makes executors without arguments; its own default is ``[core] parallelism``."""
    monkeypatch.setenv("FARGATE_LANE_PARALLELISM", "7")
    assert AwsFargateExecutor().parallelism == 7
    assert AwsFargateExecutor(parallelism=8).parallelism == 8


def test_spot_takes_the_place_of_the_launch_type(executor: Any) -> None:
    [request] = launch(executor, workload(config=SPOT))
    assert "launchType" not in request
    assert request["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


def test_one_launch_leaves_nothing_behind_for_the_next(executor: Any) -> None:
    other = workload(launch_id=TASK, task_id="join_weather", map_index=-1)
    requests = launch(executor, workload(config=SPOT), other)
    first, second = sorted(requests, key=lambda request: request["startedBy"])
    assert (first["startedBy"], second["startedBy"]) == (LAUNCH, TASK)
    assert second["launchType"] == "FARGATE"
    assert set(second["overrides"]) == {"containerOverrides"}


def raising(exception: Exception) -> Any:
    def fault(_: Any) -> None:
        raise exception

    return fault


TIMEOUT = ReadTimeoutError(endpoint_url="https://ecs")


@pytest.mark.parametrize(
    "exception",
    [
        TIMEOUT,
        error("ThrottlingException", "Rate exceeded"),
        error("InvalidParameterException", "Too many concurrent requests: throttling"),
        error("ClientException", "You've reached the limit on the number of vCPUs you can run concurrently"),
        error("ServerException", "", ResponseMetadata={"HTTPStatusCode": 500}),
        error("ExpiredTokenException", "expired"),
        error("ClusterNotFoundException", "Cluster not found."),
        NoCredentialsError(),
    ],
    ids=lambda e: type(e).__name__ + str(e)[:40],
)
def test_what_passes_costs_no_attempt_and_changes_nothing(executor: Any, exception: Exception) -> None:
    executor.aws.ecs.faults += [raising(exception)] * 6
    requests = launch(executor, workload())
    assert len(requests) == 7
    assert all(request == requests[0] for request in requests)
    assert executor.get_event_buffer() == {}


def test_a_call_that_was_accepted_and_not_answered_starts_one_task(executor: Any, cloud: Cloud) -> None:
    cloud.ecs.afterwards += [raising(TIMEOUT)] * 3
    assert len(launch(executor, workload())) == 4
    assert len(cloud.ecs.tasks) == 1


def test_a_conflict_names_the_task_that_the_token_started(executor: Any, cloud: Cloud, database: Database) -> None:
    task = cloud.ecs.task(LAUNCH, f"{LAUNCH}-0", {"another": "request"})
    launch(executor, workload())
    assert database.arns == {LAUNCH: task["taskArn"]}
    assert len(cloud.ecs.tasks) == 1


def test_what_ecs_refuses_fails_at_once_with_its_words(executor: Any, reasons: list[Any]) -> None:
    executor.aws.ecs.faults.append(raising(error("InvalidParameterException", "TaskDefinition is inactive")))
    give(executor, workload())
    [(key, (state, why))] = reported(executor).items()
    assert (key, state) == (workload().key, "failed")
    assert "InvalidParameterException: TaskDefinition is inactive" in why
    [event] = executor._task_event_logs
    assert (event.event, event.extra) == ("fargate: refused", why)
    eventually(lambda: reasons == [(key, why)])
    assert executor.running == set()


def test_a_task_that_ends_is_reported_once(executor: Any, cloud: Cloud) -> None:
    launch(executor, workload())
    stop(cloud, f"{ARN}{0:032}", **exited(0))
    assert reported(executor) == {workload().key: ("success", None)}
    assert executor.fleet.arns() == []
    assert executor.running == set()


def test_a_container_that_dies_fails_its_task_with_the_reason(executor: Any, cloud: Cloud, reasons: list[Any]) -> None:
    launch(executor, workload())
    stop(cloud, f"{ARN}{0:032}", **exited(137, reason="OutOfMemoryError: Container killed due to memory usage"))
    [(key, (state, why))] = reported(executor).items()
    assert state == "failed"
    assert why.startswith("Out of memory: the container used more than its 0.5 GiB")
    assert [event.event for event in executor._task_event_logs] == ["fargate: out of memory"]
    assert eventually(lambda: reasons) == [(key, why)]
    assert len(cloud.ecs.calls) == 1


def test_a_task_whose_end_is_known_is_not_failed_again(executor: Any, cloud: Cloud, database: Database) -> None:
    launch(executor, workload())
    database.finished.add(LAUNCH)
    stop(cloud, f"{ARN}{0:032}", **exited(143))
    eventually(lambda: executor.sync() or not executor.running)
    assert executor.get_event_buffer() == {}
    assert not executor._task_event_logs


NEVER_STARTED = {
    "stopCode": "TaskFailedToStart",
    "stoppedReason": "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found",
}


def test_a_task_that_never_started_is_launched_again_three_times_in_all(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.launch.FIRST_DELAY_S", 0.01)
    launch(executor, workload())
    for last in (f"{ARN}{0:032}", f"{ARN}{1:032}"):
        stop(cloud, last, **NEVER_STARTED)
        eventually(lambda last=last: executor.sync() or last not in executor.fleet.arns())
        eventually(lambda: took_up(executor))
    stop(cloud, f"{ARN}{2:032}", **NEVER_STARTED)
    [(_, (state, why))] = reported(executor).items()
    assert state == "failed"
    assert "could not be pulled" in why
    assert why.endswith("Tried 3 times.")
    assert [request["clientToken"] for request in cloud.ecs.calls] == [f"{LAUNCH}-{n}" for n in range(3)]
    assert {request["startedBy"] for request in cloud.ecs.calls} == {LAUNCH}
    commands = {str(request["overrides"]) for request in cloud.ecs.calls}
    assert len(commands) == 1, "the payload was not read, and is still there"


def test_without_spot_capacity_the_task_runs_on_demand(executor: Any, cloud: Cloud) -> None:
    no_capacity = {"tasks": [], "failures": [{"reason": "Capacity is unavailable at this time. Please try again"}]}
    cloud.ecs.faults.append(lambda _: no_capacity)
    give(executor, workload(config=SPOT))
    eventually(lambda: executor.sync() or cloud.ecs.tasks)
    providers = [request["capacityProviderStrategy"][0]["capacityProvider"] for request in cloud.ecs.calls]
    assert providers == ["FARGATE_SPOT", "FARGATE"]
    assert [request["clientToken"] for request in cloud.ecs.calls] == [f"{LAUNCH}-0", f"{LAUNCH}-1"]


def test_the_try_after_an_interruption_runs_on_demand(executor: Any, database: Database) -> None:
    database.events.add((1, INTERRUPTED))
    second, third = workload(config=SPOT, try_number=2), workload(launch_id=TASK, config=SPOT, try_number=3)
    providers = {
        request["startedBy"]: request["capacityProviderStrategy"][0]["capacityProvider"]
        for request in launch(executor, second, third)
    }
    assert providers == {LAUNCH: "FARGATE", TASK: "FARGATE_SPOT"}


def test_a_task_that_deferred_and_resumes_is_a_launch_of_its_own(executor: Any, cloud: Cloud) -> None:
    launch(executor, workload())
    launch(executor, workload(launch_id=TASK))
    stop(cloud, f"{ARN}{0:032}", **exited(0))  # the container that deferred
    eventually(lambda: executor.sync() or executor.fleet.arns() == [f"{ARN}{1:032}"])
    assert executor.get_event_buffer() == {}
    assert executor.running == {workload().key}


def test_the_backlog_stays_in_the_database(executor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than that is not asked of the scheduler, whatever the parallelism (stock takes as many as may run)."""
    executor.parallelism = 5000
    monkeypatch.setattr(executor.fleet.launcher, "_ahead", 3)
    assert executor.slots_available == 3
    executor.queue_workload(workload(), None)
    assert executor.slots_available == 2
    executor.parallelism = 2
    assert executor.slots_available == 1
    for launch_id in range(4):
        executor.queue_workload(
            workload(launch_id=f"0190aaaa-1111-7000-8000-{launch_id:012}", task_id=f"t{launch_id}"), None
        )
    assert executor.slots_available == 0


def test_revoking_stops_the_task(executor: Any, cloud: Cloud) -> None:
    launch(executor, workload())
    executor.revoke_task(ti=workload().ti)
    assert eventually(lambda: cloud.ecs.stopped) == [f"{ARN}{0:032}"]
    assert executor.running == set()
    assert not executor.has_task(workload().ti)


def test_revoking_what_is_being_launched_stops_it_as_soon_as_it_is_known(executor: Any, cloud: Cloud) -> None:
    cloud.ecs.faults.append(lambda _: time.sleep(0.2))
    give(executor, workload())
    eventually(lambda: cloud.ecs.calls)
    executor.revoke_task(ti=workload().ti)
    eventually(lambda: executor.sync() or cloud.ecs.stopped)
    assert executor.fleet.arns() == []


def test_stopping_begins_nothing_and_stores_what_was_answered(executor: Any, cloud: Cloud, database: Database) -> None:
    cloud.ecs.faults += [lambda _: time.sleep(0.3)]
    give(executor, workload())
    eventually(lambda: cloud.ecs.calls)
    begun = time.monotonic()
    executor.end()
    assert time.monotonic() - begun < 2
    assert database.arns == {LAUNCH: f"{ARN}{0:032}"}
    give(executor, workload(launch_id=TASK, map_index=4))
    time.sleep(0.1)
    assert len(cloud.ecs.calls) == 1
    assert cloud.ecs.stopped == []


def test_an_error_in_sync_is_logged_and_does_not_end_the_scheduler(
    executor: Any, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fargate.stored.store_arns", lambda _: 1 / 0)
    give(executor, workload())
    eventually(lambda: executor.sync() or executor.fleet.arns())
    monkeypatch.setattr("fargate.stored.store_arns", database.store_arns)
    executor.sync()
    assert database.arns == {LAUNCH: f"{ARN}{0:032}"}, "what could not be stored is stored later"


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [(LAUNCH, True), (f"{ARN}{0:032}", False), ("0" * 31, False), ("", False), (None, False), ("airflow", False)],
)
def test_is_launch_id(identifier: str | None, expected: bool) -> None:
    assert is_launch_id(identifier) is expected
