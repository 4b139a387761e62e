"""The executor's calls of ECS, as literals."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from fargate import fargate
from fargate.executor import AwsFargateExecutor, is_launch_id, tag_value
from tests.plugins.fargate.ecs import ARN
from tests.plugins.fargate.workloads import IDENTITY_TAGS, LAUNCH, TASK, again, command_of, launch, workload


def test_a_launch_is_this_call(executor: Any) -> None:
    queued = workload()
    command = ["python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string", queued.model_dump_json()]
    environment = [{"name": "AIRFLOW_IS_EXECUTOR_CONTAINER", "value": "true"}]
    network = {
        "subnets": ["subnet-0000000000000000a", "subnet-0000000000000000c"],
        "securityGroups": ["sg-0000000000000000a"],
        "assignPublicIp": "DISABLED",
    }
    assert launch(executor, queued) == [
        {
            "cluster": "airflow",
            "taskDefinition": "airflow-worker",
            "launchType": "FARGATE",
            "platformVersion": "LATEST",
            "count": 1,
            "networkConfiguration": {"awsvpcConfiguration": network},
            "overrides": {
                "containerOverrides": [{"name": "airflow", "command": command, "environment": environment}],
            },
            "startedBy": LAUNCH,
            "clientToken": f"{LAUNCH}-0",
            "tags": IDENTITY_TAGS,
        }
    ]


def test_the_scheduler_is_told_of_the_launch(executor: Any) -> None:
    queued = workload()
    launch(executor, queued)
    assert executor.running == {queued.key}
    assert executor.get_event_buffer() == {queued.key: ("running", f"{ARN}{0:032}")}


def test_the_scheduler_stores_an_id_before_a_launch() -> None:
    assert AwsFargateExecutor.pre_assigns_external_executor_id is True


def test_a_size_is_an_override_beside_the_command(executor: Any) -> None:
    [request] = launch(executor, workload(config=fargate(cpu=1, memory=2, disk=30)))
    overrides = request["overrides"]
    assert overrides.pop("containerOverrides")[0]["name"] == "airflow"
    assert overrides == {"cpu": "1024", "memory": "2048", "ephemeralStorage": {"sizeInGiB": 30}}


def test_spot_takes_the_place_of_the_launch_type(executor: Any) -> None:
    [request] = launch(executor, workload(config=fargate(cpu=0.5, memory=1, spot=True)))
    assert "launchType" not in request
    assert request["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    assert (request["overrides"]["cpu"], request["overrides"]["memory"]) == ("512", "1024")


def test_one_launch_leaves_nothing_behind_for_the_next(executor: Any) -> None:
    other = workload(launch_id=TASK, task_id="join_weather", map_index=-1)
    first, second = launch(executor, workload(config=fargate(cpu=1, memory=2, spot=True)), other)
    assert first["startedBy"] == LAUNCH
    assert (second["startedBy"], second["launchType"]) == (TASK, "FARGATE")
    assert set(second["overrides"]) == {"containerOverrides"}
    assert [entry["name"] for entry in second["overrides"]["containerOverrides"][0]["environment"]] == [
        "AIRFLOW_IS_EXECUTOR_CONTAINER"
    ]


def test_without_a_launch_id_the_task_instance_stands_for_it(executor: Any) -> None:
    [request] = launch(executor, workload(launch_id=None))
    assert (request["startedBy"], request["clientToken"]) == (TASK, f"{TASK}-0")


def timeout() -> Any:
    raise ReadTimeoutError(endpoint_url="https://ecs")


@pytest.mark.parametrize(
    "fault", [timeout, lambda: {"tasks": [], "failures": [{"arn": "x", "reason": "Capacity is unavailable"}]}]
)
def test_a_call_without_a_task_in_its_answer_is_repeated_under_its_token(executor: Any, fault: Any) -> None:
    executor.ecs.faults.append(fault)
    [first] = launch(executor, workload())
    [second] = again(executor)
    assert (first["clientToken"], second["clientToken"]) == (f"{LAUNCH}-0", f"{LAUNCH}-0")
    assert again(executor) == []


def test_a_task_that_died_is_launched_again_under_another_token(executor: Any) -> None:
    [first] = launch(executor, workload())
    executor.ecs.tasks[f"{ARN}{0:032}"] |= {
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stoppedReason": "gone",
    }
    executor.sync_running_workloads()
    [second] = again(executor)
    assert (first["clientToken"], second["clientToken"]) == (f"{LAUNCH}-0", f"{LAUNCH}-1")
    assert second["startedBy"] == LAUNCH
    assert second["tags"] == IDENTITY_TAGS
    assert command_of(second) == command_of(first)


def test_tags_are_in_the_characters_that_aws_takes(executor: Any) -> None:
    [request] = launch(executor, workload(run_id="manual__2026-01-01T00:00:00+09:00", task_id="größe<1>" + "x" * 300))
    tags = {tag["key"]: tag["value"] for tag in request["tags"]}
    assert tags["run_id"] == "manual__2026-01-01T00:00:00+09:00"
    assert tags["task_id"] == ("größe_1_" + "x" * 300)[:256]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain-Text_1", "plain-Text_1"),
        (" .:/=+@-_", " .:/=+@-_"),
        ("a·b", "a_b"),
        ("a\nb\t<c>&{d}", "a_b__c___d_"),
        ("서울", "서울"),
        ("x" * 257, "x" * 256),
        ("", ""),
    ],
)
def test_tag_value(text: str, value: str) -> None:
    assert tag_value(text) == value


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [(LAUNCH, True), (f"{ARN}{0:032}", False), ("0" * 31, False), ("", False), (None, False), ("airflow", False)],
)
def test_is_launch_id(identifier: str | None, expected: bool) -> None:
    assert is_launch_id(identifier) is expected
