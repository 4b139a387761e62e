"""Cluster, logs and the template of the worker's task definition that were applied."""

from typing import Any

import pytest

from tests.infra.terraform.account import REGION, Account
from tests.infra.terraform.conftest import PREFIX

pytestmark = pytest.mark.apply


@pytest.fixture(scope="module")
def template(account: Account, outputs: dict[str, Any]) -> Any:
    told = account.client("ecs").describe_task_definition(taskDefinition=outputs["worker_template_family"])
    return told["taskDefinition"]


def test_the_cluster_has_both_kinds_of_fargate_and_insights(account: Account, outputs: dict[str, Any]) -> None:
    asked = {"clusters": [outputs["cluster"]["name"]], "include": ["SETTINGS", "CONFIGURATIONS"]}
    [cluster] = account.client("ecs").describe_clusters(**asked)["clusters"]
    assert sorted(cluster["capacityProviders"]) == ["FARGATE", "FARGATE_SPOT"]
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_the_template_is_for_fargate(template: Any, outputs: dict[str, Any]) -> None:
    assert template["family"] == f"{PREFIX}-worker-template"
    assert (template["requiresCompatibilities"], template["networkMode"]) == (["FARGATE"], "awsvpc")
    assert (template["cpu"], template["memory"]) == ("256", "512")
    assert template["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert template["executionRoleArn"] == outputs["roles"]["execution"]
    assert template["taskRoleArn"] == outputs["task_roles"]["default"]


def test_a_worker_may_write_in_its_scratch_space_only(template: Any) -> None:
    [container] = template["containerDefinitions"]
    assert container["readonlyRootFilesystem"] is True
    assert container["mountPoints"] == [{"sourceVolume": "scratch", "containerPath": "/tmp", "readOnly": False}]
    assert [volume["name"] for volume in template["volumes"]] == ["scratch"]
    assert (container["user"], container.get("privileged", False)) == ("50000", False)


def test_a_worker_has_time_to_end(template: Any) -> None:
    assert template["containerDefinitions"][0]["stopTimeout"] == 120


def test_a_worker_ends_when_it_is_told_to_while_it_still_imports(template: Any) -> None:
    """As the first process it would ignore SIGTERM until it has a handler."""
    assert template["containerDefinitions"][0]["linuxParameters"] == {"initProcessEnabled": True}


def test_a_worker_s_image_is_named_by_digest(template: Any, outputs: dict[str, Any]) -> None:
    repository, _, digest = template["containerDefinitions"][0]["image"].partition("@")
    assert (repository, digest) == (outputs["repository_urls"]["airflow"], f"sha256:{'0' * 64}")


def test_a_worker_logs_to_the_group_that_is_there(template: Any, account: Account, outputs: dict[str, Any]) -> None:
    logs = template["containerDefinitions"][0]["logConfiguration"]
    assert logs == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": outputs["worker_log_group"],
            "awslogs-region": REGION,
            "awslogs-stream-prefix": "worker",
        },
    }
    [group] = account.all("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=outputs["worker_log_group"])
    assert (group["retentionInDays"], group["kmsKeyId"]) == (90, outputs["kms_key"])


def test_every_log_group_ends_and_has_the_key(account: Account, outputs: dict[str, Any]) -> None:
    groups = [
        group for group in account.all("logs", "describe_log_groups", "logGroups") if PREFIX in group["logGroupName"]
    ]
    assert len(groups) >= 4
    assert [group["logGroupName"] for group in groups if not group.get("retentionInDays")] == []
    assert {group.get("kmsKeyId") for group in groups} == {outputs["kms_key"]}


def test_a_worker_gets_no_secret(template: Any) -> None:
    [container] = template["containerDefinitions"]
    assert container.get("secrets", []) == []
    names = {entry["name"] for entry in container["environment"]}
    assert {name for name in names if "FERNET" in name or "SQL_ALCHEMY" in name or "JWT_SECRET" in name} == set()
