"""Up, down, reset and status of one local stack."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from infra.local import containers, health, postgres, processes, services
from infra.local.aws.docker.engine import NoEngine
from infra.local.environment import control_plane
from infra.local.layout import ROOT, Layout

HEALTHY_WITHIN_S = 180
POLL_S = 0.5
LOOKS = 5  # a process that is ended may have started another one since it was found


class StackError(RuntimeError):
    """Something that the user can mend; the message says how."""


def start(layout: Layout, names: Sequence[str] = services.ALL) -> None:
    """Start what of these does not run; do not wait until it works. Safe to repeat."""
    layout.make_folders()
    running = bool(services.states(layout))
    _prepare_workers(layout, running)
    if not running:
        with step("postgres, emulated AWS"):
            _start_base(layout)
    if not layout.migrated.exists():
        with step("database schema"):
            _migrate(layout)
    services.start(layout, *names)


def wait(layout: Layout, names: Sequence[str] = services.ALL) -> None:
    """Wait until these parts work."""
    states = services.states(layout)
    if not states:
        raise StackError(f"no stack runs in {layout.state}; start it: make up")
    if missing := _unhealthy(layout, names, states):
        with step(", ".join(missing)):
            _wait_until_healthy(layout, missing)


def down(layout: Layout) -> int:
    """Stop everything, whatever state it is in; return how many processes had to be hunted."""
    services.shutdown(layout)
    hunted = 0
    for _ in range(LOOKS):
        left = processes.of_stack(layout)
        if not left:
            containers.remove(layout)
            return hunted
        hunted += processes.end_all(left)
    raise StackError(f"these processes do not end: {', '.join(f'{p.pid} {p.name()}' for p in left)}")


def reset(layout: Layout) -> None:
    """Stop everything and forget the state. What else lies in the folder stays."""
    down(layout)
    for folder in (*layout.folders, layout.database, layout.state / "postgres.new"):
        shutil.rmtree(folder, ignore_errors=True)
    (layout.state / "secrets.json").unlink(missing_ok=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    begun = time.monotonic()
    print(f"==> {title} ...", end=" ", flush=True)
    yield
    print(f"{time.monotonic() - begun:.1f} s", flush=True)


def _prepare_workers(layout: Layout, running: bool) -> None:
    """Make the image that workers run, where they are containers; a stack that runs gets a new one at once."""
    before = "docker" if containers.used(layout) else "process"
    if running and before != layout.runtime:
        raise StackError(f"the stack runs with RUNTIME={before}: make down first, or make up RUNTIME={before}")
    if layout.runtime == "docker":
        with step("the workers' image"):
            try:
                changed = containers.prepare(layout)
            except (NoEngine, containers.CannotBuild) as error:
                raise StackError(str(error)) from error
            if running and changed:
                command = [sys.executable, "-m", "infra.local.account"]
                environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
                subprocess.run(command, env=environment, cwd=layout.run, check=True)


def _start_base(layout: Layout) -> None:
    processes.end_all(processes.of_stack(layout))  # what a stack that was killed left behind
    for name, port in (("AIRFLOW_PORT", layout.airflow_port), ("AWS_PORT", layout.aws_port)):
        _check_port(name, port)
    try:
        postgres.prepare(layout)
    except postgres.CannotRun as error:
        raise StackError(str(error)) from error
    if layout.migrated.exists() and layout.migrated.read_text() != _packages(layout):
        layout.migrated.unlink()  # with other packages than these
    services.start_supervisor(layout)
    if not processes.until(lambda: postgres.ready(layout), 30):
        raise StackError(f"Postgres does not start:\n{tail(layout, 'postgres')}")


def _check_port(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            owner = processes.port_owner(port)
            raise StackError(
                f"port {port} ({name}) is taken by {owner}. Stop it, or choose another port: make up {name}={port + 1}"
            ) from None


def _migrate(layout: Layout) -> None:
    """Bring the schema up to date."""
    with (layout.log / "database.log").open("wb") as log:
        command = [sys.executable, "-m", "infra.local.database"]
        environment = {**control_plane(layout), "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
        done = subprocess.run(command, env=environment, cwd=layout.run, stdout=log, stderr=log)
    if done.returncode:
        raise StackError(f"the database schema could not be made:\n{tail(layout, 'database')}")
    layout.migrated.write_text(_packages(layout))


def _packages(layout: Layout) -> str:
    return (layout.venv / ".installed-base").read_text()


def _wait_until_healthy(layout: Layout, missing: list[str]) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while True:
        states = services.states(layout) or {}
        dead = [name for name, state in states.items() if state["statename"] == "FATAL"]
        missing = _unhealthy(layout, missing, states)
        if not missing:
            return
        if dead or not states or time.monotonic() > deadline:
            culprit = (dead or missing)[0]
            raise StackError(f"{', '.join(dead or missing)} did not become healthy:\n{tail(layout, culprit)}")
        time.sleep(POLL_S)


def _unhealthy(layout: Layout, names: Sequence[str], states: dict[str, dict[str, Any]]) -> list[str]:
    return health.unhealthy(layout, names, {name: state["start"] for name, state in states.items()})


def tail(layout: Layout, name: str, lines: int = 15) -> str:
    """Return the end of a process's log, and where the rest of it is."""
    path = layout.log / f"{name}.log"
    text = path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []
    return "\n".join([*(f"    {line}" for line in text), f"    (all of it: {path})"])
