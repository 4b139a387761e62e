"""The roles that were applied are those that tests/infra/iam renders and decides on."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.iam import rendering, roles
from tests.infra.terraform.account import Account
from tests.infra.terraform.terraform import Terraform

pytestmark = pytest.mark.apply


@pytest.fixture(scope="module")
def applied(deployed: Terraform) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(deployed.run("show", "-json"))
    return roles.resources(state["values"]["root_module"])


@pytest.fixture(scope="module")
def rendered(new_root: Callable[[], Terraform], account: Account) -> dict[str, Any]:
    default = {"default": rendering.TASK_ROLES["default"]}
    return rendering.render(new_root(), account.url, plain={"task_roles": default})["plain"]


def test_the_policies_are_the_same(applied: dict[str, Any], rendered: dict[str, Any]) -> None:
    """But for the ids that AWS makes up."""
    made, said = roles.account(applied), roles.account(rendered)
    assert made.buckets == said.buckets
    assert set(made.roles) == set(said.roles)
    assert {'task["default"]', "host", "ci_deploy"} <= set(made.roles)
    for name, role in made.roles.items():
        assert role.arn == said.roles[name].arn
        assert role.trust == said.roles[name].trust
        assert made_up(role.policies, made) == made_up(said.roles[name].policies, said), name


def made_up(policies: Any, account: roles.Account) -> Any:
    """Return policies without the ids that are of one account only."""
    text = json.dumps(policies, sort_keys=True)
    for name in ("key", "master_secret", "zone"):
        text = text.replace(account.names[name], name)
    return sorted(json.loads(text), key=json.dumps)
