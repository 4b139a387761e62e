"""Terraform, where it is there, and an emulated account to apply it to.

The quick form is in every run. The full form applies, changes and destroys: `make infra-test`, which sets TESTS=full.
It took 17 to 22 minutes on two cores beside other work.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.form import FULL
from tests.infra.terraform.account import REGION, Account, emulated
from tests.infra.terraform.inventory import inventory
from tests.infra.terraform.terraform import NotThere, Terraform, ready

HERE = "tests/infra/terraform/"
LATE = ("test_changes", "test_destroy")
APPLY_S, QUICK_S = 1800, 600
PREFIX = "airflow-test"
VARIABLES = {
    "environment": "test",
    "region": REGION,
    "domain_name": "airflow.example.com",
    "gitlab_project": "group/airflow",
    "alarm_email": "team@example.com",
    "deletion_protection": False,
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what applies, unless it is asked for, and destroy last."""
    ours = [item for item in items if HERE in item.nodeid]
    for item in ours:
        item.add_marker(pytest.mark.timeout(APPLY_S if item.get_closest_marker("apply") else QUICK_S))
    left_out = [] if FULL else [item for item in ours if item.get_closest_marker("apply")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = sorted((item for item in items if item not in left_out), key=_turn)


def _turn(item: pytest.Item) -> int:
    """Tell who changes what the others look at, and who ends it."""
    return next((turn for turn, name in enumerate(LATE, 1) if f"{HERE}{name}" in item.nodeid), 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not FULL:
        terminalreporter.write_line("infra/ was checked but not applied: `make infra-test` applies it, in minutes")


@pytest.fixture(scope="session")
def new_root(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Terraform]:
    """What makes copies of infra/ in which Terraform has its provider."""

    def make() -> Terraform:
        try:
            return ready(tmp_path_factory.mktemp("terraform"))
        except NotThere as error:
            pytest.skip(str(error))

    return make


@pytest.fixture(scope="session")
def terraform(new_root: Callable[[], Terraform]) -> Terraform:
    """Terraform in a copy of infra/ that nothing is applied from."""
    return new_root()


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with emulated(tmp_path_factory.mktemp("account")) as made:
        yield made


@pytest.fixture(scope="session")
def before(account: Account) -> set[str]:
    """What the account holds before anything is applied."""
    return inventory(account)


@pytest.fixture(scope="session")
def deployed(new_root: Callable[[], Terraform], account: Account, before: set[str]) -> Terraform:
    """Terraform after its first apply; what that made is in ``account``."""
    assert before
    made = new_root()
    made.set("test", aws_endpoint_url=account.url, **VARIABLES)
    made.apply()
    return made


@pytest.fixture(scope="session")
def outputs(deployed: Terraform) -> dict[str, Any]:
    return deployed.outputs()
