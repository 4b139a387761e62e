"""The plans of the root, made once for the whole session, and shared by the processes of pytest-xdist.

The quick form makes one; with TESTS=full there are those of planning.FULL.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.layout import ROOT
from tests.form import FULL
from tests.infra.closed_network import planning
from tests.infra.closed_network.model import Model, read
from tests.infra.closed_network.services import Call, calls
from tests.infra.terraform.account import emulated
from tests.infra.terraform.terraform import NotThere, ready

HERE = "tests/infra/closed_network/"
PLANS_S = 900


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs more than one plan, unless that is asked for."""
    ours = {item: getattr(item, "fixturenames", ()) for item in items if HERE in item.nodeid}
    for item, fixtures in ours.items():
        if "plans" in fixtures:
            item.add_marker(pytest.mark.timeout(PLANS_S))
    left_out = [] if FULL else [item for item, fixtures in ours.items() if "all_plans" in fixtures]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What planning.plans returns."""
    mine = tmp_path_factory.getbasetemp()
    shared = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "closed-network.json"
    with _alone(shared.with_suffix(".lock")):
        if not shared.exists():
            shared.write_text(json.dumps(_made(tmp_path_factory.mktemp("closed-network"))))
    made: dict[str, Any] = json.loads(shared.read_text())
    return made


@pytest.fixture(scope="session")
def all_plans(plans: dict[str, Any]) -> dict[str, Any]:
    """The same, for tests which need those that only the full form makes."""
    return plans


@pytest.fixture(scope="session")
def model(plans: dict[str, Any]) -> Model:
    """What Terraform makes with nat_mode = none and all else as it is by default."""
    return read(plans[planning.CLOSED])


@pytest.fixture(scope="session")
def called(model: Model) -> list[Call]:
    return calls(model, ROOT)


def _made(folder: Path) -> dict[str, Any]:
    try:
        terraform = ready(folder)
    except NotThere as error:
        pytest.skip(str(error))
    with emulated(folder) as account:
        return planning.plans(terraform, account.url, planning.FULL if FULL else planning.QUICK)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let the other processes wait."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
