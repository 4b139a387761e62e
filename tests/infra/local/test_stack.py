"""Stopping a stack, whatever its processes do."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import processes, services, stack
from infra.local.layout import Layout

# one that starts another when it is told to end, as a pool of workers may
HYDRA = """
import signal, subprocess, sys, time

def another(*_):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    sys.exit()

signal.signal(signal.SIGTERM, another)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(services, "shutdown", lambda layout: None)
    made = Layout(tmp_path / "stack", 1, 2, tmp_path / "dags")
    made.run.mkdir(parents=True)
    return made


def test_what_is_started_while_it_stops_is_ended_as_well(layout: Layout) -> None:
    command = [sys.executable, "-c", HYDRA]
    with subprocess.Popen(command, cwd=layout.run, stdout=subprocess.PIPE, start_new_session=True) as hydra:
        assert hydra.stdout
        assert hydra.stdout.readline() == b"ready\n"
        assert stack.down(layout) == 2
    assert processes.of_stack(layout) == []


def test_what_does_not_end_is_named(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "end_all", lambda found: len(found))
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(command, cwd=layout.run, start_new_session=True) as process:
        with pytest.raises(stack.StackError, match=rf"these processes do not end: {process.pid} python"):
            stack.down(layout)
        process.kill()
