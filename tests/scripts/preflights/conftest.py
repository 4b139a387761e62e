"""A moto in a process of its own, since other tests patch the one in this process; and an account in it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scripts.preflights.finding import Finding
from tests.scripts.preflights.canned import SESSION, CannedAccount, plan

WITHIN_S = 60
Found = Callable[..., list[tuple[str, str]]]


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a moto server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/moto-api/", process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert process.poll() is None, "moto ended"
            assert time.monotonic() < deadline, f"no moto within {WITHIN_S} s"
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def account(moto: str, monkeypatch: pytest.MonkeyPatch) -> CannedAccount:
    """An empty account, and no credentials but the ones that a test makes clients with."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST"), timeout=30).close()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    return CannedAccount()


@pytest.fixture
def made(account: CannedAccount) -> Any:
    """Clients that make what a test needs; they are not the account's, which only reads."""
    return SESSION.client


@pytest.fixture
def found(account: CannedAccount) -> Found:
    """A function that runs a check with some variables and returns the levels and texts of its findings."""

    def run(check: Callable[..., Iterator[Finding]], *single: str, **arguments: Any) -> list[tuple[str, str]]:
        return [(str(each.level), each.what) for each in check(plan(*single), account, **arguments)]

    return run
