"""Processes are found by where they run, and end whether they want to or not."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.local.layout import Layout
from infra.local.processes import end_all, in_folder, of_stack, port_owner, until

SLEEP = "import time; print('ready', flush=True); time.sleep(60)"
POLITE = (
    "import signal, sys, pathlib, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path('ended').touch(), sys.exit()))\n" + SLEEP
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
WITH_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n" + SLEEP
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """A function that starts a Python program in a folder, and returns when it is ready."""
    started: list[subprocess.Popen[str]] = []

    def run(folder: Path, program: str = SLEEP, **options: Any) -> "subprocess.Popen[str]":
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-I", "-S", "-c", program]
        # of a session of its own, since tests may be run from a terminal
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True, **options
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def pids(folder: Path) -> set[int]:
    return {process.pid for process in in_folder(folder)}


def test_processes_of_a_folder_and_below_it_are_found(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    here, below = start(folder), start(folder / "a" / "b")
    start(tmp_path)
    start(tmp_path / "run2")
    assert pids(folder) == {here.pid, below.pid}


def test_a_folder_that_was_deleted_has_its_processes_still(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path / "run")
    (tmp_path / "run").rmdir()
    assert pids(tmp_path / "run") == {process.pid}


def test_who_asks_is_not_found(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = start(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert Path(psutil.Process().cwd()) == tmp_path
    assert pids(tmp_path) == {other.pid}


def test_a_shell_with_a_terminal_is_left_alone(start: Start, tmp_path: Path) -> None:
    master, slave = os.openpty()
    psutil._psposix.get_terminal_map.cache_clear()  # type: ignore[attr-defined]  # terminals are listed once a process
    try:
        process = start(tmp_path, WITH_TERMINAL, stdin=slave)
        assert psutil.Process(process.pid).terminal() is not None
        assert pids(tmp_path) == set()
    finally:
        os.close(slave)
        os.close(master)


def test_the_processes_of_a_stack_are_those_of_its_folders(start: Start, tmp_path: Path) -> None:
    layout = Layout(tmp_path, 8080, 4566, tmp_path)
    folders = (layout.run, layout.tmp, layout.aws / "tasks" / "1", layout.database)
    expected = {start(folder).pid for folder in folders}
    start(layout.log)  # somebody who follows the logs
    assert {process.pid for process in of_stack(layout)} == expected


def test_a_process_is_asked_before_it_is_killed(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path, POLITE)
    assert end_all(in_folder(tmp_path)) == 1
    process.wait(0)
    assert (tmp_path / "ended").exists()


def test_a_process_that_ignores_sigterm_is_killed(start: Start, tmp_path: Path) -> None:
    stubborn, polite = start(tmp_path, STUBBORN), start(tmp_path, POLITE)
    assert end_all(in_folder(tmp_path), grace_s=0.5) == 2
    assert stubborn.wait(0) == -signal.SIGKILL
    polite.wait(0)
    assert (tmp_path / "ended").exists()


def test_a_process_that_ended_meanwhile_is_no_error(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path)
    found = in_folder(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert end_all(found) == 1


def test_ending_nothing_ends_nothing() -> None:
    assert end_all([]) == 0


def test_the_owner_of_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port_owner(port) == f"process {os.getpid()} ({psutil.Process().name()})"
    assert port_owner(port) == "another process"


def test_a_system_that_does_not_tell_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> Any:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    assert port_owner(8080) == "another process"


def test_waiting_until_something_holds() -> None:
    answers = iter([False, False, True])
    assert until(lambda: next(answers), timeout_s=5, every_s=0) is True
    assert list(answers) == []
    assert until(lambda: False, timeout_s=0.02, every_s=0.01) is False
