"""Roles that were applied: who may assume them, and that none may do everything."""

from typing import Any

import pytest

from tests.infra.terraform.account import Account
from tests.infra.terraform.conftest import PREFIX

pytestmark = pytest.mark.apply


@pytest.fixture(scope="module")
def roles(account: Account, outputs: dict[str, Any]) -> dict[str, Any]:
    """The roles of the deployment by name, without its prefix."""
    found = account.all("iam", "list_roles", "Roles")
    ours = {role["RoleName"].removeprefix(f"{PREFIX}-"): role for role in found if role["RoleName"].startswith(PREFIX)}
    assert {"execution", "host", "task-default", "ci-deploy", "ci-plan"} <= set(ours)
    return ours


def trust(role: Any) -> Any:
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    return statement


@pytest.mark.parametrize(
    ("name", "service"), [("execution", "ecs-tasks"), ("task-default", "ecs-tasks"), ("host", "ec2")]
)
def test_a_role_is_assumed_by_its_service_alone(roles: dict[str, Any], name: str, service: str) -> None:
    statement = trust(roles[name])
    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"


def test_a_task_s_role_is_for_tasks_of_this_account(roles: dict[str, Any]) -> None:
    assert trust(roles["task-default"])["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_a_deploy_comes_from_one_branch_of_one_project(roles: dict[str, Any], account: Account) -> None:
    statement = trust(roles["ci-deploy"])
    [provider] = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert statement["Principal"] == {"Federated": provider["Arn"]}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "gitlab.com:aud": "https://gitlab.com",
            "gitlab.com:sub": "project_path:group/airflow:ref_type:branch:ref:main",
        }
    }


def test_no_role_may_do_everything(roles: dict[str, Any], account: Account) -> None:
    statements = [(name, statement) for name in roles for statement in granted(account, f"{PREFIX}-{name}")]
    assert len(statements) > len(roles)
    actions = {
        (name, action) for name, one in statements for action in listed(one.get("Action")) if one["Effect"] == "Allow"
    }
    assert {(name, action) for name, action in actions if action == "*" or action.endswith(":*")} == set()


def test_nobody_hands_on_another_role(roles: dict[str, Any], account: Account) -> None:
    """iam:PassRole is for the roles of tasks, and to ECS only."""
    passing = [
        statement
        for name in roles
        for statement in granted(account, f"{PREFIX}-{name}")
        if "iam:PassRole" in listed(statement.get("Action"))
    ]
    assert passing
    for statement in passing:
        assert statement["Condition"]["StringEquals"] == {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
        assert all(f":role/{PREFIX}-" in arn for arn in listed(statement["Resource"]))


def granted(account: Account, role: str) -> list[Any]:
    """Return the statements of a role's own policies."""
    iam = account.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
