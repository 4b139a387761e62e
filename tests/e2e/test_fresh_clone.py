"""What a new user does: clone, `make up`, look, `make down`, in an empty home directory."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import checkout
from tests.e2e.stack_under_test import StackUnderTest, free_port


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of what is tracked, as a clone would have it, and the environment of its user."""
    clone, home = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("home")
    checkout.copy(clone)
    ours = ("AIRFLOW", "AWS_", "LAKE_", "PAYLOAD_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"HOME": str(home), "AIRFLOW_PORT": str(free_port()), "AWS_PORT": str(free_port())}
    yield clone, environment
    subprocess.run(["make", "reset"], cwd=clone, env=environment, stdout=subprocess.DEVNULL)


def make(fresh: tuple[Path, dict[str, str]], *arguments: str) -> subprocess.CompletedProcess[str]:
    clone, environment = fresh
    return subprocess.run(["make", *arguments], cwd=clone, env=environment, capture_output=True, text=True, timeout=600)


def test_up_status_down(fresh: tuple[Path, dict[str, str]]) -> None:
    clone, environment = fresh
    up = make(fresh, "up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "5 carriers, 248,312 flights: 60 of 60 partitions changed, report changed." in up.stdout
    assert "user admin, password admin" in up.stdout

    assert make(fresh, "status").returncode == 0
    again = make(fresh, "up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "0 of 60 partitions changed, report as it was." in again.stdout

    assert make(fresh, "down").returncode == 0
    used = StackUnderTest(clone / ".local", int(environment["AIRFLOW_PORT"]), int(environment["AWS_PORT"]))
    assert used.what_is_left() == []
    assert make(fresh, "status").returncode != 0
    # nothing was written outside the checkout but the cache of packages (pip asks a rustc for its version, which
    # leaves a .rustup where there is one)
    assert {path.name for path in Path(environment["HOME"]).iterdir()} <= {".cache", ".rustup"}


@pytest.mark.parametrize("variable", ["AIRFLOW_PORT", "AWS_PORT"])
def test_a_taken_port_is_named(fresh: tuple[Path, dict[str, str]], variable: str) -> None:
    import socket

    clone, environment = fresh
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = make((clone, {**environment, variable: str(port)}), "up")
    assert answer.returncode != 0
    assert f"port {port} ({variable}) is taken by process {os.getpid()}" in answer.stderr
    assert f"make up {variable}=" in answer.stderr
