"""The stack that the end-to-end tests share. It is started once and left by the last of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.account import role_arn
from infra.local.layout import ROOT
from tests.e2e.stack_under_test import StackUnderTest, is_open
from tests.e2e.statsd import StatsD

LAKE_WRITER = role_arn("lake-writer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in item.nodeid:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def metrics() -> Iterator[StatsD]:
    """What the shared stack sends by StatsD."""
    with StatsD().listening() as port:
        yield port


@pytest.fixture(scope="session")
def stack(metrics: StatsD) -> Iterator[StackUnderTest]:
    """A healthy stack with the repository's DAGs, all paused."""
    made = StackUnderTest(Path(os.environ.get("TEST_STACK_DIR", ROOT / ".local" / "test-stack")))
    made.settings(
        FARGATE_TASK_ROLES=f"lake-writer={LAKE_WRITER}",
        AIRFLOW__METRICS__STATSD_ON="True",
        AIRFLOW__METRICS__STATSD_PORT=str(metrics.port),
    )
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
