"""What holds for every test: Airflow's settings, fixed before anything imports Airflow, and no network."""

import os
import shutil
import socket
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from infra.local.environment import parsing

# the stack's own variables, which tests that start one may be given
KEPT = ("AIRFLOW_PORT", "AWS_PORT")
HOME = Path(tempfile.mkdtemp(prefix="airflow-tests-"))

for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "AWS_")) and name not in KEPT]:
    del os.environ[name]
os.environ.update(parsing(HOME), AWS_EC2_METADATA_DISABLED="true")


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what would be skipped where CI=true says that everything is there."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {call.excinfo.value if call.excinfo else report.longrepr}"
    return report


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Let no test reach another machine, be it by mistake."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
            raise PermissionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    with patch.object(socket.socket, "connect", guarded):
        yield
