"""What a task may ask of Fargate, by ``fargate(…)`` or by hand; each error names the value and the legal ones."""

import doctest
import json
from typing import Any

import pytest

from fargate import executor_config, fargate, request, sizes
from fargate.executor_config import IllegalConfig

READER = "arn:aws:iam::123456789012:role/reader"
WRITER = "arn:aws:iam::123456789012:role/writer"
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
ARN = "arn:aws:ecs:ap-northeast-2:123456789012:task-definition/with-gdal:7"
TOP = (
    "capacityProviderStrategy, enableExecuteCommand, networkConfiguration, overrides, platformVersion, "
    "propagateTags, tags, taskDefinition"
)
OVERRIDES = "containerOverrides, cpu, ephemeralStorage, memory, taskRoleArn"


@pytest.fixture
def roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_TASK_ROLES", f"writer={WRITER},reader={READER}")


def of_worker(**fields: Any) -> dict[str, Any]:
    return {"overrides": {"containerOverrides": [{"name": "airflow", **fields}]}}


def refusal(function: Any, *arguments: Any, **options: Any) -> str:
    """Return what an error says, which is one that Python knows as one of a value."""
    with pytest.raises(ValueError) as failed:  # noqa: PT011 (the whole text is compared)
        function(*arguments, **options)
    return str(failed.value)


def refused(**asked: Any) -> str:
    """Return what is wrong with arguments of ``fargate(…)``: it leaves that to whoever knows the task."""
    return refusal(executor_config.check, fargate(**asked))


def test_everything_that_a_task_may_ask_for(roles: None) -> None:
    config = fargate(
        cpu=0.25, memory=0.5, disk=30, spot=True, role="reader", definition="with-gdal", env={"B": "2", "a_1": ""}
    )
    assert config == {
        "overrides": {
            "cpu": "256",
            "memory": "512",
            "ephemeralStorage": {"sizeInGiB": 30},
            "taskRoleArn": READER,
            "containerOverrides": [
                {"name": "airflow", "environment": [{"name": "B", "value": "2"}, {"name": "a_1", "value": ""}]}
            ],
        },
        "capacityProviderStrategy": SPOT,
        "taskDefinition": "with-gdal",
    }
    executor_config.check(config)


@pytest.mark.parametrize("config", [fargate(), fargate(env={}), fargate(spot=False)])
def test_nothing_asked_for_is_nothing_overridden(config: dict[str, Any]) -> None:
    assert config == {}


@pytest.mark.parametrize(
    ("asked", "config"),
    [
        ({"cpu": 1, "memory": 2}, {"overrides": {"cpu": "1024", "memory": "2048"}}),
        ({"disk": 21}, {"overrides": {"ephemeralStorage": {"sizeInGiB": 21}}}),
        ({"spot": True}, {"capacityProviderStrategy": SPOT}),
        ({"definition": ARN}, {"taskDefinition": ARN}),
        ({"definition": "a" * 255 + ":1"}, {"taskDefinition": "a" * 255 + ":1"}),
    ],
)
def test_one_thing_asked_for_is_one_thing_overridden(asked: dict[str, Any], config: dict[str, Any]) -> None:
    assert fargate(**asked) == config


def test_two_configs_share_nothing() -> None:
    first = fargate(spot=True)
    first["capacityProviderStrategy"].append("changed")
    assert fargate(spot=True)["capacityProviderStrategy"] == SPOT


def test_the_container_is_that_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__AWS_ECS_EXECUTOR__CONTAINER_NAME", "worker")
    assert fargate(env={"A": "b"})["overrides"]["containerOverrides"][0]["name"] == "worker"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cpu": 1}, "cpu=1, memory=None: name both, or neither for the default size"),
        ({"cpu": 1, "memory": 1}, "memory=1 GiB with cpu=1 vCPU: legal are 2, 3, 4, 5, 6, 7, 8"),
        ({"disk": -1}, "disk=-1 GiB: legal are whole numbers from 21 to 200; 20 come with every task"),
        ({"disk": 20}, "disk=20 GiB: legal are whole numbers from 21 to 200; 20 come with every task"),
        ({"spot": "no"}, "spot='no' is neither True nor False"),
        ({"spot": 1}, "spot=1 is neither True nor False"),
        ({"spot": None}, "spot=None is neither True nor False"),
        ({"role": "admin"}, "role='admin': the setting FARGATE_TASK_ROLES (NAME=ARN) allows reader, writer"),
        ({"role": READER}, f"role={READER!r}: the setting FARGATE_TASK_ROLES (NAME=ARN) allows reader, writer"),
        ({"role": ""}, "role='': the setting FARGATE_TASK_ROLES (NAME=ARN) allows reader, writer"),
        ({"role": ["reader"]}, "role=['reader']: the setting FARGATE_TASK_ROLES (NAME=ARN) allows reader, writer"),
        ({"env": ["A"]}, "env=['A']: legal is a dictionary, such as {'MODEL_PATH': '/tmp/model'}"),
        ({"env": {"A": 1}}, "env has 'A': 1; legal are names such as MODEL_PATH, with texts"),
        ({"env": {"A": None}}, "env has 'A': None; legal are names such as MODEL_PATH, with texts"),
        ({"env": {"1A": "x"}}, "env has '1A': 'x'; legal are names such as MODEL_PATH, with texts"),
        ({"env": {"A=B": "x"}}, "env has 'A=B': 'x'; legal are names such as MODEL_PATH, with texts"),
        ({"env": {"": "x"}}, "env has '': 'x'; legal are names such as MODEL_PATH, with texts"),
        ({"env": {"A\n": "x"}}, "env has 'A\\n': 'x'; legal are names such as MODEL_PATH, with texts"),
        (
            {"env": {"AIRFLOW__CORE__EXECUTOR": "x"}},
            "env has 'AIRFLOW__CORE__EXECUTOR': what begins with AIRFLOW__ or AWS_ is the deployment's to say",
        ),
        (
            {"env": {"AWS_ACCESS_KEY_ID": "x"}},
            "env has 'AWS_ACCESS_KEY_ID': what begins with AIRFLOW__ or AWS_ is the deployment's to say",
        ),
    ],
)
def test_what_fargate_refuses(roles: None, asked: dict[str, Any], message: str) -> None:
    assert refused(**asked) == message


def test_what_fargate_refuses_is_refused_whatever_is_made_of_it() -> None:
    """Outside of a DAG no policy looks at it."""
    config = {**fargate(disk=-1), "tags": []}
    expected = "disk=-1 GiB: legal are whole numbers from 21 to 200; 20 come with every task"
    assert refusal(executor_config.check, config) == expected
    base = {"overrides": {"containerOverrides": [{"name": "airflow"}]}}
    given: dict[str, Any] = {"launch_id": "", "sequence": 0, "command": [], "tags": {}}
    assert refusal(request.build, base, config, **given) == expected
    assert request.build(base, {"tags": []}, **given)["tags"] == []


@pytest.mark.parametrize(
    "definition", ["", "with gdal", "with-gdal:0", "with-gdal:latest", "a/b", "a" * 256, "a:1\n", 7, f"{ARN}x"]
)
def test_a_definition_that_is_no_name(definition: Any) -> None:
    expected = f"definition={definition!r}: the family of a task definition, such as 'with-gdal' or 'with-gdal:7'"
    assert refused(definition=definition) == expected
    assert refusal(executor_config.check, {"taskDefinition": definition}) == expected


def test_without_roles_none_is_allowed() -> None:
    expected = "role='reader': the setting FARGATE_TASK_ROLES (NAME=ARN) allows none"
    assert refused(role="reader") == expected


def test_an_environment_that_is_too_long() -> None:
    executor_config.check(fargate(env={"LONG": "x" * 7000}))
    message = refused(env={"SHORT": "x", "LONG": "x" * 8000})
    assert "RunTask takes 8192 (the longest variable is 'LONG' with 8000): pass less" in message


def test_what_the_executor_adds_is_counted() -> None:
    """The 8192 characters are for all overrides: the command and the executor's own variable as well."""
    base, empty = {"overrides": {"containerOverrides": [{"name": "airflow"}]}}, fargate(env={"LONG": ""})
    command = executor_config.LONGEST_COMMAND
    built = request.build(base, empty, launch_id="", sequence=0, command=command, tags={})
    most = request.LONGEST_OVERRIDES - len(json.dumps(built["overrides"]))
    assert most < 8000
    executor_config.check(fargate(env={"LONG": "x" * most}))
    assert "have 8193 characters" in refused(env={"LONG": "x" * (most + 1)})


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"overrides": {}},
        {"overrides": {"cpu": "1024", "memory": "2048", "containerOverrides": []}},
        {"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}, *SPOT]},
        {"tags": [{"key": "team", "value": "routes"}], "propagateTags": "TASK_DEFINITION"},
        {"platformVersion": "1.4.0", "enableExecuteCommand": True},
        {"overrides": {"taskRoleArn": READER}},
        of_worker(environment=[{"name": "A", "value": "b"}], cpu=128, memory=256),
    ],
)
def test_what_may_be_made_by_hand(roles: None, config: dict[str, Any]) -> None:
    executor_config.check(config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("cpu=1", "executor_config has 'cpu=1': legal is a dictionary, such as fargate(…) makes"),
        ([], "executor_config has []: legal is a dictionary, such as fargate(…) makes"),
        ({"cpu": "1024"}, f"executor_config has cpu; legal are {TOP}"),
        ({"launchType": "FARGATE", "count": 2}, f"executor_config has count, launchType; legal are {TOP}"),
        ({1: 2}, f"executor_config has 1; legal are {TOP}"),
        ({"overrides": {"disk": 30}}, f"overrides has disk; legal are {OVERRIDES}"),
        ({"overrides": None}, "overrides has None: legal is a dictionary, such as fargate(…) makes"),
        ({"overrides": []}, "overrides has []: legal is a dictionary, such as fargate(…) makes"),
        (
            {"overrides": {"cpu": 1024, "memory": "2048"}},
            "overrides has cpu=1024: a text of digits, '1024' for one vCPU or one GiB",
        ),
        (
            {"overrides": {"cpu": "1024", "memory": None}},
            "overrides has memory=None: a text of digits, '1024' for one vCPU or one GiB",
        ),
        (
            {"overrides": {"cpu": "01024", "memory": "2048"}},
            "overrides has cpu='01024': a text of digits, '1024' for one vCPU or one GiB",
        ),
        (
            {"overrides": {"cpu": "1 vCPU", "memory": "2048"}},
            "overrides has cpu='1 vCPU': a text of digits, '1024' for one vCPU or one GiB",
        ),
        (
            {"overrides": {"cpu": "1024"}},
            "overrides has {'cpu': '1024'}, of which 1024 are one: "
            "cpu=1.0, memory=None: name both, or neither for the default size",
        ),
        (
            {"overrides": {"cpu": "3072", "memory": "6144"}},
            "overrides has {'cpu': '3072', 'memory': '6144'}, of which 1024 are one: "
            "cpu=3.0 vCPU: legal are 0.25, 0.5, 1, 2, 4, 8, 16",
        ),
        (
            {"overrides": {"ephemeralStorage": {"sizeInGiB": -1}}},
            "disk=-1 GiB: legal are whole numbers from 21 to 200; 20 come with every task",
        ),
        (
            {"overrides": {"ephemeralStorage": {}}},
            "disk=None GiB: legal are whole numbers from 21 to 200; 20 come with every task",
        ),
        (
            {"overrides": {"ephemeralStorage": 30}},
            "ephemeralStorage has 30: legal is a dictionary, such as fargate(…) makes",
        ),
        ({"overrides": {"ephemeralStorage": {"size": 30}}}, "ephemeralStorage has size; legal are sizeInGiB"),
        (
            {"overrides": {"taskRoleArn": "arn:aws:iam::123456789012:role/admin"}},
            "taskRoleArn='arn:aws:iam::123456789012:role/admin': the setting FARGATE_TASK_ROLES (NAME=ARN) "
            "allows reader, writer; name it by fargate(role=…)",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "SPOT"}]},
            "capacityProvider='SPOT': legal are FARGATE and FARGATE_SPOT",
        ),
        (
            {"capacityProviderStrategy": [*SPOT, {"weight": 1}]},
            "capacityProvider=None: legal are FARGATE and FARGATE_SPOT",
        ),
        (
            {"capacityProviderStrategy": [{"provider": "FARGATE"}]},
            "capacityProviderStrategy has provider; legal are base, capacityProvider, weight",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": "1"}]},
            "capacityProviderStrategy has weight='1': a whole number from 0",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "base": -1}]},
            "capacityProviderStrategy has base=-1: a whole number from 0",
        ),
        (
            {"capacityProviderStrategy": []},
            "capacityProviderStrategy=[]: legal are FARGATE and FARGATE_SPOT, or none of it at all",
        ),
        ({"capacityProviderStrategy": None}, "capacityProviderStrategy=None: legal is a list of dictionaries"),
        (
            {"capacityProviderStrategy": "FARGATE"},
            "capacityProviderStrategy='FARGATE': legal is a list of dictionaries",
        ),
        ({"tags": {"team": "routes"}}, "tags={'team': 'routes'}: legal is a list of dictionaries"),
        ({"tags": [{"team": "routes"}]}, "tags has team; legal are key, value"),
        ({"overrides": {"containerOverrides": None}}, "containerOverrides=None: legal is a list of dictionaries"),
        (
            {"overrides": {"containerOverrides": {"name": "airflow"}}},
            "containerOverrides={'name': 'airflow'}: legal is a list of dictionaries",
        ),
        (
            {"overrides": {"containerOverrides": ["airflow"]}},
            "containerOverrides has 'airflow': legal is a dictionary, such as fargate(…) makes",
        ),
        (
            {"overrides": {"containerOverrides": [{"environment": []}]}},
            "containerOverrides has a container None: the worker's is 'airflow', and must be named",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "sidecar"}]}},
            "containerOverrides has a container 'sidecar': the worker's is 'airflow', and must be named",
        ),
        (of_worker(command=["sleep"]), "containerOverrides has command=['sleep']: the executor gives the command"),
        (
            of_worker(image="other"),
            "containerOverrides has image; legal are cpu, environment, environmentFiles, memory, "
            "memoryReservation, name",
        ),
        (of_worker(environment={"A": "b"}), "environment={'A': 'b'}: legal is a list of dictionaries"),
        (of_worker(environment=[{"A": "b"}]), "environment has A; legal are name, value"),
        (
            of_worker(environment=[{"name": "A"}]),
            "env has 'A': None; legal are names such as MODEL_PATH, with texts",
        ),
        (
            of_worker(environment=[{"name": "AWS_PROFILE", "value": "b"}]),
            "env has 'AWS_PROFILE': what begins with AIRFLOW__ or AWS_ is the deployment's to say",
        ),
    ],
)
def test_what_may_not_be_made_by_hand(roles: None, config: Any, message: str) -> None:
    assert refusal(executor_config.check, config) == message


def test_the_errors_are_of_two_kinds() -> None:
    with pytest.raises(sizes.IllegalSize):
        executor_config.check({"overrides": {"cpu": "1", "memory": "1"}})
    with pytest.raises(IllegalConfig):
        executor_config.check({"cpu": "1"})


def test_a_check_changes_nothing() -> None:
    config = fargate(cpu=1, memory=2, spot=True, env={"A": "b"})
    executor_config.check(config)
    assert config == fargate(cpu=1, memory=2, spot=True, env={"A": "b"})


def test_the_example_of_the_documentation_holds() -> None:
    assert doctest.testmod(executor_config) == doctest.TestResults(failed=0, attempted=1)
