"""The policy evaluator, and the roles as Terraform renders them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.layout import ROOT
from tests.infra.iam import evaluator as evaluators
from tests.infra.iam import rendering, roles
from tests.infra.iam.documents import statements
from tests.infra.iam.evaluator import Evaluator
from tests.infra.iam.grants import Granted
from tests.infra.iam.roles import Account
from tests.infra.terraform.account import emulated
from tests.infra.terraform.terraform import NotThere, ready

PYTHON = ROOT / ".local" / "iam" / "bin" / "python"
GET_EVALUATOR = "the policy evaluator is not there: `make packages-infra` installs it in .local/iam"


HERE = "tests/infra/iam/"
LONGEST_S = 600  # Terraform's own time is within that of the first test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.nodeid:
            item.add_marker(pytest.mark.timeout(LONGEST_S))


@pytest.fixture(scope="session")
def evaluator_python() -> Path:
    """The Python of an environment of its own: the evaluator's pydantic is not Airflow's."""
    if not PYTHON.exists():
        pytest.skip(GET_EVALUATOR)
    return PYTHON


@pytest.fixture(scope="session")
def evaluator(evaluator_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluator]:
    with evaluators.running(evaluator_python, tmp_path_factory.mktemp("evaluator")) as running:
        yield running


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The root's resources in two variants, {variant: {address: attributes}}."""
    try:
        terraform = ready(tmp_path_factory.mktemp("roles"))
    except NotThere as error:
        pytest.skip(str(error))
    with emulated(tmp_path_factory.mktemp("roles-account")) as emulator:
        return rendering.render(terraform, emulator.url, plain={}, exec={"ecs_exec": True})


@pytest.fixture(scope="session")
def account(rendered: dict[str, dict[str, Any]]) -> Account:
    return roles.account(rendered["plain"])


@pytest.fixture(scope="session")
def exec_account(rendered: dict[str, dict[str, Any]]) -> Account:
    """With var.ecs_exec."""
    return roles.account(rendered["exec"])


@pytest.fixture(scope="session")
def granted(account: Account, exec_account: Account) -> Granted:
    """Every statement of every role."""
    found = [
        (role, statement)
        for one in (account, exec_account)
        for role, known in one.roles.items()
        for statement in statements(known.policies)
    ]
    assert len(found) > 40
    return found
