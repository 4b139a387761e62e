"""A destroy leaves the account as it was found."""

import json

import pytest

from tests.infra.terraform.account import Account
from tests.infra.terraform.inventory import inventory
from tests.infra.terraform.terraform import STATE, Terraform

pytestmark = pytest.mark.apply


def test_nothing_is_left(deployed: Terraform, account: Account, before: set[str]) -> None:
    made = inventory(account) - before
    assert len(made) > 50
    deployed.destroy()
    assert inventory(account) - before == set()


def test_the_state_is_empty(deployed: Terraform) -> None:
    assert json.loads((deployed.folder / STATE).read_text())["resources"] == []
