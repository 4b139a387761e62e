"""The environments in infra/env can be planned."""

from pathlib import Path

import pytest

from tests.infra.terraform.account import Account
from tests.infra.terraform.terraform import INFRA, Terraform, changes

pytestmark = pytest.mark.apply

ENVIRONMENTS = sorted(INFRA.glob("env/*.tfvars"))


def test_there_are_environments() -> None:
    assert {"production", "staging"} <= {path.stem for path in ENVIRONMENTS}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_can_be_planned(terraform: Terraform, account: Account, path: Path) -> None:
    planned = changes(terraform.plan(f"-var-file=env/{path.name}", f"-var=aws_endpoint_url={account.url}"))
    assert len(planned) > 100
    assert set(planned.values()) == {"create"}
