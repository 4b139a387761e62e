"""Parts are killed, the whole is stopped and started: nothing stays behind and nothing is forgotten."""

import os
import signal

import psutil
import pytest

from infra.local import health, services
from infra.local.names import LAKE
from tests.e2e.stack_under_test import StackUnderTest, eventually

PARTS = ("postgres", "aws", "api-server", "scheduler", "dag-processor", "triggerer")


def healthy(stack: StackUnderTest) -> bool:
    started = {name: state["start"] for name, state in (services.states(stack.layout) or {}).items()}
    return bool(started) and not health.unhealthy(stack.layout, services.ALL, started)


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_comes_back(stack: StackUnderTest, part: str) -> None:
    assert set(PARTS) == set(services.ALL)
    before = stack.pid(part)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: stack.pid(part) not in (0, before), within=30)
    eventually(lambda: healthy(stack), within=120, every=0.5)


def test_status_tells_what_is_healthy(stack: StackUnderTest) -> None:
    lines = stack.local("status").stdout.splitlines()
    assert [line.split()[:3] for line in lines[:-1]] == [[part, "running", "healthy"] for part in PARTS]


def test_down_ends_everything_and_keeps_the_state(stack: StackUnderTest, demo: str, run_id: str) -> None:
    assert stack.what_is_left(), "the test looks in the right place"
    stack.local("down")
    assert stack.what_is_left() == []
    assert stack.local("status", check=False).returncode == 3

    stack.local("up")
    run = stack.start("flight_delays", run_id, {"force": True})
    assert (run.created, run.state) == (False, "success")
    run.refresh()
    [united] = [task for task in run.tasks if task.rendered_map_index == "UA · United Air Lines Inc."]
    stack.log_of(run, united, "58665 flights of 58665 announced")
    head = stack.client("s3").head_object(Bucket=LAKE, Key="reports/flight_delays.html")
    assert head["ContentType"] == "text/html"


@pytest.mark.parametrize("victims", [("supervisord",), ("supervisord", "scheduler"), ("supervisord", *PARTS)])
def test_down_after_kill_9_leaves_nothing(stack: StackUnderTest, victims: tuple[str, ...]) -> None:
    stack.local("up")
    stack.fargate("faults", {"provision_s": 0})
    stack.start("every_minute", f"busy-{len(victims)}")
    eventually(lambda: [t for t in stack.tasks_of(f"busy-{len(victims)}") if t["status"] == "RUNNING"], within=60)
    supervisor = int((stack.layout.run / "supervisord.pid").read_text())
    pids = [supervisor if victim == "supervisord" else stack.pid(victim) for victim in victims]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=5)
    stack.local("down")
    assert stack.what_is_left() == []


def test_up_after_a_kill_half_way_heals(stack: StackUnderTest) -> None:
    """`up` is killed while it starts the stack; the next `up` finds a healthy way on."""
    import subprocess
    import sys

    stack.local("down")
    half = subprocess.Popen([sys.executable, "-m", "infra.local", "up"], cwd=services.ROOT, env=stack.environment)
    eventually(lambda: services.states(stack.layout), within=30)
    half.kill()
    half.wait()
    os.kill(int((stack.layout.run / "supervisord.pid").read_text()), signal.SIGKILL)
    stack.local("up")
    assert healthy(stack)
