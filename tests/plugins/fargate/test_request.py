"""The RunTask request of a launch, as literals."""

import copy
import json
from typing import Any

import pytest
from botocore.validate import ParamValidator

from fargate import fargate, request

LAUNCH = "0190aaaa-1111-7000-8000-000000000001"
COMMAND = ["python", "-m", "fargate.worker", "s3://payloads/key"]
IN_A_CONTAINER = {"name": "AIRFLOW_IS_EXECUTOR_CONTAINER", "value": "true"}
BASE = {
    "cluster": "airflow",
    "taskDefinition": "airflow-worker",
    "launchType": "FARGATE",
    "overrides": {"containerOverrides": [{"name": "airflow", "command": []}]},
    "count": 1,
}
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
ON_DEMAND = [{"capacityProvider": "FARGATE", "weight": 1}]


def build(config: dict[str, Any], base: dict[str, Any] = BASE, **changes: Any) -> dict[str, Any]:
    arguments = {"launch_id": LAUNCH, "sequence": 0, "command": COMMAND, "tags": {"dag_id": "flight_delays"}}
    return request.build(base, config, **{**arguments, **changes})


def container(config: dict[str, Any], base: dict[str, Any] = BASE) -> dict[str, Any]:
    """Return the worker's container of a request, which is the first."""
    found: dict[str, Any] = build(config, base)["overrides"]["containerOverrides"][0]
    return found


def of_worker(**fields: Any) -> dict[str, Any]:
    return {"overrides": {"containerOverrides": [{"name": "airflow", **fields}]}}


def test_a_whole_request() -> None:
    assert build(fargate(cpu=1, memory=2, disk=30, env={"MODEL": "a"})) == {
        "cluster": "airflow",
        "taskDefinition": "airflow-worker",
        "launchType": "FARGATE",
        "count": 1,
        "overrides": {
            "cpu": "1024",
            "memory": "2048",
            "ephemeralStorage": {"sizeInGiB": 30},
            "containerOverrides": [
                {
                    "name": "airflow",
                    "command": COMMAND,
                    "environment": [{"name": "MODEL", "value": "a"}, IN_A_CONTAINER],
                }
            ],
        },
        "tags": [{"key": "dag_id", "value": "flight_delays"}],
        "startedBy": LAUNCH,
        "clientToken": f"{LAUNCH}-0",
    }


def test_no_shell_is_asked_for_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECS_EXEC", raising=False)
    assert "enableExecuteCommand" not in build({})
    monkeypatch.setenv("ECS_EXEC", "false")
    assert "enableExecuteCommand" not in build({})


def test_a_shell_is_asked_for_where_terraform_says_so(monkeypatch: pytest.MonkeyPatch, model: Any) -> None:
    without = build({})
    monkeypatch.setenv("ECS_EXEC", "true")
    assert build({}) == {**without, "enableExecuteCommand": True}
    report = ParamValidator().validate(build({}), model.operation_model("RunTask").input_shape)
    assert not report.has_errors(), report.generate_report()


def test_a_task_may_do_without_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with a definition of its own, which has no task role: RunTask would refuse it."""
    monkeypatch.setenv("ECS_EXEC", "true")
    assert build({"enableExecuteCommand": False})["enableExecuteCommand"] is False


@pytest.mark.parametrize(
    "config",
    [{}, fargate(cpu=1, memory=2, spot=True, definition="other:3", env={"A": "b"}), {"tags": [{"key": "a"}]}],
)
def test_botocore_takes_it(model: Any, config: dict[str, Any]) -> None:
    shape = model.operation_model("RunTask").input_shape
    report = ParamValidator().validate(build(config), shape)
    assert not report.has_errors(), report.generate_report()


def test_nothing_is_left_behind_for_the_next() -> None:
    base, config = copy.deepcopy(BASE), fargate(cpu=1, memory=2, spot=True, env={"A": "b"})
    before = copy.deepcopy(config)
    made = build(config, base)
    made["overrides"]["containerOverrides"][0]["environment"][0]["value"] = "changed"
    made["capacityProviderStrategy"].append("changed")
    made["overrides"]["cpu"] = "changed"
    assert (base, config) == (BASE, before)


def test_each_task_of_a_launch_has_a_token_of_its_own() -> None:
    assert [build({}, sequence=number)["clientToken"] for number in (0, 1, 12)] == [
        f"{LAUNCH}-0",
        f"{LAUNCH}-1",
        f"{LAUNCH}-12",
    ]
    assert len(build({}, sequence=10**20)["clientToken"]) <= 64  # what ECS takes


def test_spot_takes_the_place_of_the_launch_type() -> None:
    made = build(fargate(spot=True))
    assert made["capacityProviderStrategy"] == SPOT
    assert "launchType" not in made


def test_on_demand_takes_the_place_of_spot() -> None:
    made = build(fargate(spot=True), on_demand=True)
    assert made["capacityProviderStrategy"] == ON_DEMAND
    assert "launchType" not in made


def test_on_demand_changes_nothing_where_there_is_no_spot() -> None:
    assert build({}, on_demand=True) == build({})


def test_a_strategy_of_the_deployment_is_kept_and_can_be_put_aside() -> None:
    base = {**BASE, "capacityProviderStrategy": SPOT}
    assert build({}, base)["capacityProviderStrategy"] == SPOT
    assert build({}, base, on_demand=True)["capacityProviderStrategy"] == ON_DEMAND
    assert build({"capacityProviderStrategy": ON_DEMAND}, base)["capacityProviderStrategy"] == ON_DEMAND


def test_the_task_goes_before_the_deployment() -> None:
    base = {**BASE, "overrides": {**BASE["overrides"], "cpu": "256", "memory": "512"}}  # type: ignore[dict-item]
    made = build({**fargate(cpu=1, memory=2), "taskDefinition": "other", "platformVersion": "1.4.0"}, base)
    assert (made["taskDefinition"], made["platformVersion"], made["cluster"]) == ("other", "1.4.0", "airflow")
    assert (made["overrides"]["cpu"], made["overrides"]["memory"]) == ("1024", "2048")
    assert made["overrides"]["containerOverrides"][0]["command"] == COMMAND


def test_containers_are_merged_by_their_name() -> None:
    base = {**BASE, **of_worker(environment=[{"name": "A", "value": "1"}], cpu=10)}
    merged = container(of_worker(environment=[{"name": "B", "value": "2"}], memory=64), base)
    assert merged == {
        "name": "airflow",
        "cpu": 10,
        "memory": 64,
        "command": COMMAND,
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, IN_A_CONTAINER],
    }


def test_another_container_comes_behind_the_workers() -> None:
    made = build({"overrides": {"containerOverrides": [{"name": "sidecar", "cpu": 10}]}})
    assert [entry["name"] for entry in made["overrides"]["containerOverrides"]] == ["airflow", "sidecar"]
    assert "command" not in made["overrides"]["containerOverrides"][1]


def test_the_command_is_the_executors() -> None:
    assert container(of_worker(command=["sleep", "60"]))["command"] == COMMAND


def test_tags_of_the_task_stay_and_none_comes_twice() -> None:
    mine = [{"key": "team", "value": "routes"}, {"key": "dag_id", "value": "another"}]
    made = build({"tags": mine}, tags={"dag_id": "flight_delays", "task_id": "größe<1>"})
    assert made["tags"] == [
        {"key": "team", "value": "routes"},
        {"key": "dag_id", "value": "flight_delays"},
        {"key": "task_id", "value": "größe_1_"},
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain-Text_1", "plain-Text_1"),
        ("manual__2026-01-01T00:00:00+09:00", "manual__2026-01-01T00:00:00+09:00"),
        (" .:/=+@-_", " .:/=+@-_"),
        ("a·b", "a_b"),
        ("a\nb\t<c>&{d}", "a_b__c___d_"),
        ("서울", "서울"),
        ("x" * 256, "x" * 256),
        ("x" * 257, "x" * 256),
        ("", ""),
    ],
)
def test_tag_value(text: str, value: str) -> None:
    assert request.tag_value(text) == value


def of_length(length: int) -> dict[str, Any]:
    """Return a request whose overrides have so many characters as JSON."""
    empty = build(fargate(env={"SHORT": "s", "LONG": ""}))
    rest = length - len(json.dumps(empty["overrides"]))
    return build(of_worker(environment=[{"name": "SHORT", "value": "s"}, {"name": "LONG", "value": "x" * rest}]))


def test_overrides_may_have_8192_characters() -> None:
    longest = of_length(8192)
    assert len(json.dumps(longest["overrides"])) == 8192
    request.check_length(longest)


def test_one_more_is_too_long_and_says_what_makes_it_so() -> None:
    too_long = of_length(8193)
    value = too_long["overrides"]["containerOverrides"][0]["environment"][1]["value"]
    with pytest.raises(request.TooLong) as raised:
        request.check_length(too_long)
    assert str(raised.value) == (
        "the overrides have 8193 characters and RunTask takes 8192 "
        f"(the longest variable is 'LONG' with {len(value)}): pass less by the environment (env=…), "
        "and larger values by S3 or SSM"
    )


def test_what_is_too_long_for_another_reason() -> None:
    with pytest.raises(request.TooLong, match=r"^the overrides have \d+ characters and RunTask takes 8192: pass less"):
        request.check_length({"overrides": {"taskRoleArn": "x" * 8192}})


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({}, []),
        ({"overrides": {"cpu": "256", "taskRoleArn": "arn:aws:iam::1:role/x"}}, ["arn:aws:iam::1:role/x"]),
        ({"taskDefinition": "with-gdal"}, ["task-definition/with-gdal", "iam:PassRole"]),
        ({"taskDefinition": "with-gdal:3"}, ["task-definition/with-gdal", "iam:PassRole"]),
        ({"taskDefinition": "arn:aws:ecs:r:1:task-definition/a:3"}, ["task-definition/a", "iam:PassRole"]),
    ],
)
def test_what_only_this_task_asks_for(config: dict[str, Any], names: list[str]) -> None:
    assert request.own_names(config) == names
