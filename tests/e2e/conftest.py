"""The stack that the end-to-end tests share. It is started once and left by the last of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.layout import ROOT
from tests.e2e.stack_under_test import StackUnderTest, is_open


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in item.nodeid:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def stack() -> Iterator[StackUnderTest]:
    """A healthy stack with the repository's DAGs, all paused."""
    made = StackUnderTest(Path(os.environ.get("TEST_STACK_DIR", ROOT / ".local" / "test-stack")))
    made.make()
    yield made
    made.local("reset")
    assert made.what_is_left() == []


@pytest.fixture(autouse=True)
def _no_faults_after(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "stack" in request.fixturenames:
        used = request.getfixturevalue("stack")
        if is_open(used.aws_port):  # some tests leave it stopped
            used.fargate("faults", {})


@pytest.fixture(scope="session")
def demo(stack: StackUnderTest) -> str:
    """What `scripts/demo`, the second half of `make up`, prints."""
    return stack.run("scripts/demo").stdout


@pytest.fixture(scope="session")
def run_id(demo: str) -> str:
    """The run of flight_delays that the demonstration started."""
    return str(next(word for word in demo.split() if word.startswith("rest__demo-"))).rstrip(",")
