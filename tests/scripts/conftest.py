"""A server to talk to, a clock that does not wait, and the command lines in one call."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import urllib3

from scripts import airflow_api, dag_run, trigger
from scripts.airflow_api import Airflow
from tests.scripts import answers
from tests.scripts.airflow_server import AirflowServer

PARAMS = {"carriers": {"value": [], "schema": {}}, "force": {"value": False, "schema": {}}}


class Clock:
    """Time that passes only while somebody sleeps. ``at`` has what happens on the way."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.at: dict[float, Callable[[], None]] = {}

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [moment for moment in self.at if moment <= self.now - 1000]:
            self.at.pop(moment)()


@dataclass
class Said:
    """What a command said, without the address of the server, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def server() -> Iterator[AirflowServer]:
    server = AirflowServer()
    server.dags["flights"] = answers.dag("flights", params=PARAMS)
    yield server
    server.stop()


@pytest.fixture
def proxy(server: AirflowServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowServer]:
    """A proxy that the environment names. It stands for the servers that are reached through it."""
    proxy = AirflowServer()
    proxy.dags = server.dags
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy.url)
    yield proxy
    proxy.stop()


@pytest.fixture
def airflow(server: AirflowServer) -> Airflow:
    return Airflow(server.url, "admin", "admin")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(dag_run, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    # as in earnest, but for the pauses between attempts
    monkeypatch.setattr(airflow_api, "CONNECTION_RETRIES", urllib3.Retry(connect=2, read=2))
    return clock


@pytest.fixture
def run_trigger(
    server: AirflowServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """A function that runs scripts/trigger against the server."""

    def call(*arguments: str, password: str = "admin") -> Said:
        monkeypatch.setenv("AIRFLOW_URL", server.url)
        monkeypatch.setenv("AIRFLOW_PASSWORD", password)
        try:
            code = trigger.main(arguments)
        except SystemExit as left:  # argparse
            code = int(left.code or 0)
        told = capsys.readouterr()
        return Said(
            int(code), *(re.sub(r"after \d+\.\d s", "after S s", text.replace(server.url, "URL")) for text in told)
        )

    return call
