"""What Terraform makes is what the executor uses, and what the local stack stands in for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate import request
from fargate.executor_config import fargate
from infra.local.account import worker_definition
from infra.local.environment import shared, worker
from infra.local.layout import Layout
from tests.infra.local.aws.pages import Pages
from tests.infra.terraform.account import Account
from tests.infra.terraform.terraform import Terraform

pytestmark = pytest.mark.apply

EXECUTOR_S = ("AIRFLOW__AWS_ECS_EXECUTOR__", "FARGATE_", "AWS_DEFAULT_REGION", "LAKE_BUCKET", "PAYLOAD_BUCKET")
CONTAINER = "containerDefinitions airflow"
# where the two definitions may differ, and why
DIFFERENT = {
    "family": "names",
    "taskDefinitionArn": "names",
    "executionRoleArn": "names",
    "taskRoleArn": "names",
    "runtimePlatform cpuArchitecture": "what the machine of the local stack has",
    f"{CONTAINER} image": "the local stack runs the checkout",
    f"{CONTAINER} logConfiguration options awslogs-group": "names",
    f"{CONTAINER} environment AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "addresses",
    f"{CONTAINER} environment AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": "names",
    f"{CONTAINER} environment FARGATE_TASK_ROLES": "names",
    f"{CONTAINER} environment LAKE_BUCKET": "names",
}


@pytest.fixture
def settings(outputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a host's scheduler has in its environment, as far as the executor reads it."""
    made = {name: value for name, value in (shared() | outputs["host_settings"]).items() if name.startswith(EXECUTOR_S)}
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def base(settings: dict[str, str]) -> dict[str, Any]:
    """What all RunTask requests of the executor have in common, as the provider makes it of its settings."""
    from airflow.providers.amazon.aws.executors.ecs.ecs_executor_config import build_task_kwargs
    from airflow.providers.common.compat.sdk import conf

    assert len(settings) > 10
    return dict(build_task_kwargs(conf))


@pytest.fixture(scope="module")
def template(account: Account, outputs: dict[str, Any]) -> dict[str, Any]:
    """The task definition that Terraform registered."""
    family = outputs["worker_template_family"]
    told = account.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]
    return {name: value for name, value in told.items() if name not in ("registeredAt", "registeredBy")}


@pytest.fixture(scope="module")
def released(account: Account, outputs: dict[str, Any], template: dict[str, Any]) -> Iterator[str]:
    """A worker's task definition as a deploy registers it."""
    ecs = account.client("ecs")
    taken = ("requiresCompatibilities", "networkMode", "cpu", "memory", "executionRoleArn", "taskRoleArn", "volumes")
    made = ecs.register_task_definition(
        family=outputs["worker_family"],
        containerDefinitions=template["containerDefinitions"],
        **{name: template[name] for name in taken},
    )
    yield made["taskDefinition"]["taskDefinitionArn"]
    ecs.deregister_task_definition(taskDefinition=made["taskDefinition"]["taskDefinitionArn"])


def build(base: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    command = ["python", "-m", "fargate.worker", "s3://bucket/key"]
    return request.build(base, config, launch_id="of-the-tests", sequence=0, command=command, tags={"dag_id": "d"})


def run(account: Account, arguments: dict[str, Any], number: int) -> Any:
    """Run a task that stays in PROVISIONING, and stop it."""
    Pages(account.url).inject(provision_s=3600)
    ecs = account.client("ecs")
    answer = ecs.run_task(**{**arguments, "clientToken": f"of-the-tests-{number}"})
    assert answer["failures"] == []
    [task] = answer["tasks"]
    ecs.stop_task(cluster=arguments["cluster"], task=task["taskArn"])
    return task


CONFIGS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "size": {"cpu": 1, "memory": 2},
    "spot": {"spot": True},
    "disk": {"disk": 50},
    "role": {"role": "default"},
    "variables": {"env": {"LEVEL": "debug"}},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_ecs_takes_what_the_executor_asks_for(
    account: Account, base: dict[str, Any], released: str, outputs: dict[str, Any], name: str
) -> None:
    task = run(account, build(base, fargate(**CONFIGS[name])), list(CONFIGS).index(name))
    assert task["taskDefinitionArn"] == released
    assert task["clusterArn"] == outputs["cluster"]["arn"]
    assert task["capacityProviderName" if name == "spot" else "launchType"] == (
        "FARGATE_SPOT" if name == "spot" else "FARGATE"
    )


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("field", ["subnets", "securityGroups"])
def test_ecs_takes_no_network_that_is_not_there(account: Account, base: dict[str, Any], field: str) -> None:
    arguments = build(base, {})
    arguments["networkConfiguration"]["awsvpcConfiguration"][field] = [f"{field}-none"]
    with pytest.raises(ClientError, match="none"):
        run(account, arguments, len(CONFIGS))


def test_the_executor_s_network_is_terraform_s(base: dict[str, Any], outputs: dict[str, Any]) -> None:
    network = base["networkConfiguration"]["awsvpcConfiguration"]
    assert sorted(network["subnets"]) == sorted(outputs["private_subnets"].values())
    assert network["securityGroups"] == [outputs["worker_security_group"]]
    assert network.get("assignPublicIp", "DISABLED") == "DISABLED"


def test_terraform_and_the_local_stack_register_the_same(
    account: Account, template: dict[str, Any], tmp_path: Path, deployed: Terraform
) -> None:
    assert deployed
    layout = Layout(tmp_path, 8080, 4566, tmp_path)
    ecs = account.client("ecs")
    made = ecs.register_task_definition(**worker_definition(layout))["taskDefinition"]
    ecs.deregister_task_definition(taskDefinition=made["taskDefinitionArn"])
    theirs, ours = fields(template), fields(made)
    differing = {path for path in theirs.keys() | ours.keys() if theirs.get(path) != ours.get(path)}
    stand_ins = {f"{CONTAINER} environment {name}" for name in worker(layout)}
    assert differing - DIFFERENT.keys() - stand_ins == set()
    # a process has no /tmp of its own to log to
    assert stand_ins & theirs.keys() == {f"{CONTAINER} environment AIRFLOW__LOGGING__BASE_LOG_FOLDER"}
    assert DIFFERENT.keys() - differing == set(), "these need not be in the list any more"


def fields(value: Any, path: str = "") -> dict[str, Any]:
    """Return a definition as {path: value}; entries of a list by their names, where they have one.

    What is False is left out: each field of a definition that can be is that by itself.
    """
    if isinstance(value, dict):
        found = [fields(inner, f"{path} {name}".strip()) for name, inner in value.items() if inner is not False]
    elif isinstance(value, list) and all(isinstance(entry, dict) and "name" in entry for entry in value):
        entries = [({k: v for k, v in entry.items() if k != "name"}, entry["name"]) for entry in value]
        found = [fields(_single(entry), f"{path} {name}") for entry, name in entries]
    else:
        return {path: value}
    return {path: value for part in found for path, value in part.items()}


def _single(entry: dict[str, Any]) -> Any:
    given = {name: value for name, value in entry.items() if value is not False}
    return entry["value"] if set(entry) == {"value"} else given or True
