"""One dag-processor at a time: the lock, and what becomes of a process that loses it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fargate.dag_processor import STOPS_WITHIN_S
from fargate.turn import Lost, Turn
from infra.local.layout import ROOT
from tests.plugins.fargate.cloud import eventually
from tests.plugins.fargate.releases.postgres import Server, server

END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fargate.turn'"
# fargate.dag_processor with something else in Airflow's place: it notes when it is there, until it is ended
PROGRAM = """
import os, signal, sys, time, types
from fargate import dag_processor

def run(arguments):
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(time.time()))
    if (parser := os.fork()) == 0:  # as a process that parses a file, which has all that is open
        time.sleep(8)
        os._exit(0)
    with open(sys.argv[1] + ".parsers", "a") as file:
        file.write(f"{sys.argv[2]} {parser}\\n")
    patience = 60 if sys.argv[2] == "stubborn" else 0.7
    while not ending or time.time() < ending[0] + patience:  # it ends what it parses first
        with open(sys.argv[1], "a") as file:
            file.write(f"{sys.argv[2]} {time.time()}\\n")
        time.sleep(0.05)
    os.kill(parser, signal.SIGKILL)

sys.modules["fargate.parsing"] = parsing = types.ModuleType("fargate.parsing")
parsing.run = run
import fargate
fargate.parsing = parsing
sys.exit(dag_processor.main([]))
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(Path(tmp_path_factory.mktemp("turn"))) as running:
        yield running


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that is dead may wait for somebody to take note of it."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


class Processor:
    """A dag-processor that notes in ``notes`` when it works."""

    def __init__(self, folder: Path, name: str, url: str) -> None:
        self.notes, self.health = folder / "notes", folder / name
        self.health.mkdir()
        environment = {
            **{"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugins"), "HEALTH_DIR": str(self.health)},
            **{"DATABASE_DIRECT_URL": url, "AIRFLOW_HOME": str(folder)},
        }
        command = [sys.executable, "-c", PROGRAM, str(self.notes), name]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.name = name

    def works(self) -> bool:
        return self.notes.exists() and self.name in self.notes.read_text()

    def times(self) -> list[float]:
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [float(line[1]) for line in lines if len(line) == 2 and line[0] == self.name]

    def parser(self) -> int:
        """The process that parses a file for this one."""
        lines = [line.split() for line in Path(f"{self.notes}.parsers").read_text().splitlines()]
        return next(int(pid) for name, pid in lines if name == self.name)

    def stands_by(self) -> bool:
        path = self.health / "standby"
        return path.exists() and time.time() - path.stat().st_mtime < 2


@pytest.fixture
def both(database: Server, tmp_path: Path) -> Iterator[tuple[Processor, Processor]]:
    """One that works, and one that stands by."""
    first = Processor(tmp_path, "first", database.url)
    eventually(first.works, within=20)
    second = Processor(tmp_path, "second", database.url)
    eventually(second.stands_by, within=20)
    time.sleep(0.5)
    assert not second.works()
    yield first, second
    for each in (second, first):
        each.process.terminate()
        each.process.wait(20)


def test_a_lock_is_one_connections(database: Server) -> None:
    first, second = Turn(database.url), Turn(database.url)
    first.wait(meanwhile=lambda: None)
    asked: list[int] = []

    def look() -> None:
        asked.append(1)
        if len(asked) == 3:
            first._connection.close()

    second.wait(meanwhile=look)
    assert len(asked) >= 3
    second.check()
    with pytest.raises(Lost):
        first.check()
    second._connection.close()


def test_a_stop_is_followed_by_the_next_within_a_second(both: tuple[Processor, Processor]) -> None:
    first, second = both
    first.process.send_signal(signal.SIGTERM)
    stopped = time.time()
    first.process.wait(10)
    eventually(second.works, within=5)
    assert first.times()[-1] < second.times()[0] < stopped + 2
    assert not second.stands_by()


def test_one_that_is_killed_takes_what_it_forked_along(both: tuple[Processor, Processor]) -> None:
    first, second = both
    first.process.kill()
    first.process.wait(10)
    eventually(second.works, within=5)
    assert first.times()[-1] < second.times()[0]


def test_one_that_does_not_stop_is_killed(database: Server, tmp_path: Path) -> None:
    """Whoever stands by waits for it, and no new DAG is read meanwhile."""
    stubborn = Processor(tmp_path, "stubborn", database.url)
    eventually(stubborn.works, within=20)
    stubborn.process.terminate()
    assert stubborn.process.wait(STOPS_WITHIN_S + 3) == 0
    assert not runs(stubborn.parser())


def test_one_that_loses_its_lock_ends_at_once(both: tuple[Processor, Processor], database: Server) -> None:
    """Whoever stood by gets the lock at the same moment: what worked before must not work on."""
    first, second = both
    lost = time.time()
    database.ask(END_OTHERS + " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)")
    assert first.process.wait(10) == 75
    assert time.time() < lost + 1.5
    eventually(second.works, within=5)
    overlap = [at for at in first.times() if at > second.times()[0]]
    assert len(overlap) <= 8, "both worked for more than 0.4 s"
    assert not runs(first.parser())
    assert first.process.stderr
    assert "the connection that holds the lock is gone" in first.process.stderr.read()
    assert not (first.health / "healthy").exists()
