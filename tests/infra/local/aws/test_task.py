"""The life of a task: its statuses, times, exit and stop codes."""

import os
import signal

import pytest

from tests.infra.local.aws.cluster import BOTH

STATUSES = [
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
]
TIMES = [
    "createdAt",
    "connectivityAt",
    "pullStartedAt",
    "pullStoppedAt",
    "startedAt",
    "stoppingAt",
    "executionStoppedAt",
    "stoppedAt",
]
CLEANS_UP = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("ready", flush=True)
time.sleep(60)
"""


@BOTH
def test_a_task_has_every_status_in_order(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"""
    arn = cluster.stopped("sh", "-c", "sleep 0.3")["taskArn"]
    assert pages.history(arn) == STATUSES
    assert [event["status"] for event in pages.seen(kind="status", task=arn[-32:])] == STATUSES
    times = [entry["at"] for entry in pages.task(arn)["history"]]
    assert times == sorted(times)


@BOTH
def test_a_task_has_every_time_in_order(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    task = cluster.stopped("true")
    times = [task[name] for name in TIMES]
    assert times == sorted(times)
    assert {name for name, value in task.items() if hasattr(value, "utcoffset")} == set(TIMES)


def test_a_new_task_has_only_the_time_at_which_it_was_made(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    pages.inject(provision_s=3600)
    answer = cluster.ecs.run_task(**cluster.request("true"))
    [task] = answer["tasks"]
    assert (task["lastStatus"], task["desiredStatus"]) == ("PROVISIONING", "RUNNING")
    assert set(TIMES) & task.keys() == {"createdAt"}
    cluster.stop(task["taskArn"])


@BOTH
@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_is_that_of_the_main_process(cluster, code):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""
    task = cluster.stopped("sh", "-c", f"exit {code}")
    assert task["containers"][0]["exitCode"] == code
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("kill -KILL $$", 128 + signal.SIGKILL),
        ("kill -TERM $$", 128 + signal.SIGTERM),
        ("kill -SEGV $$", 128 + signal.SIGSEGV),
    ],
)
def test_a_signal_is_an_exit_code_above_128(cluster, command, code):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""
    assert cluster.stopped("sh", "-c", command)["containers"][0]["exitCode"] == code


def test_a_stopped_task_has_the_callers_reason(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    arn = cluster.run("sleep", "60")
    cluster.until(arn, "RUNNING")
    answer = cluster.stop(arn, reason="no longer wanted")
    assert (answer["taskArn"], answer["desiredStatus"]) == (arn, "STOPPED")
    task = cluster.until(arn, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "no longer wanted")
    assert task["containers"][0]["exitCode"] == 128 + signal.SIGTERM


@BOTH
def test_a_task_that_is_stopped_twice_keeps_the_first_reason(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    arn = cluster.run("sleep", "60")
    cluster.stop(arn, reason="first")
    cluster.stop(arn, reason="second")
    assert cluster.until(arn, "STOPPED")["stoppedReason"] == "first"
    assert cluster.stop(arn)["stoppedReason"] == "first"


@BOTH
def test_with_an_init_the_stop_signal_has_its_default(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html"""
    patient = {"linuxParameters": {"initProcessEnabled": True}, "stopTimeout": 60}
    arn = cluster.run("sleep", "60", definition=cluster.define(container=patient))
    cluster.until(arn, "RUNNING")
    cluster.stop(arn)
    assert cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 128 + signal.SIGTERM
    at = {entry["status"]: entry["at"] for entry in pages.task(arn)["history"]}
    assert at["DEPROVISIONING"] - at["STOPPING"] < 10


def test_a_process_that_handles_the_stop_exits_with_its_own_code(cluster, pages, until):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    arn = cluster.python(CLEANS_UP)
    cluster.until(arn, "RUNNING")
    pid = pages.task(arn)["pid"]
    until(lambda: signal.SIGTERM in _caught(pid))
    cluster.stop(arn)
    assert cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 7


@pytest.mark.parametrize("status", ["PROVISIONING", "PENDING"])
def test_a_task_that_is_stopped_before_it_runs_never_runs(cluster, pages, tmp_path, monkeypatch, status):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    pages.inject(provision_s=3600 if status == "PROVISIONING" else 0)
    monkeypatch.setattr("infra.local.aws.task.PENDING_S", 60)
    arn = cluster.run("touch", str(tmp_path / "ran"))
    cluster.until(arn, status)
    cluster.stop(arn)
    task = cluster.until(arn, "STOPPED")
    assert task["stopCode"] == "UserInitiated"
    assert "exitCode" not in task["containers"][0]
    assert "startedAt" not in task
    assert "RUNNING" not in pages.history(arn)
    assert not (tmp_path / "ran").exists()


def test_an_interrupted_spot_task_has_time_to_end(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html"""
    pages.inject(interrupt_spot_after_s=0)
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    task = cluster.stopped("sleep", "60", launchType=None, capacityProviderStrategy=spot)
    assert (task["stopCode"], task["stoppedReason"]) == ("SpotInterruption", "Your Spot Task was interrupted.")
    assert task["containers"][0]["exitCode"] == 128 + signal.SIGTERM


def test_a_task_that_breaks_the_emulator_ends(cluster, pages, monkeypatch):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""
    arn = cluster.run("sleep", "60")
    cluster.until(arn, "RUNNING")
    pid = pages.task(arn)["pid"]
    monkeypatch.setattr("infra.local.aws.container.Container.poll", lambda self: 1 / 0)
    assert "ServerException" in cluster.until(arn, "STOPPED")["stoppedReason"]
    assert _gone(pid)


def _caught(pid):
    """Return the signals for which a process has a handler."""
    with open(f"/proc/{pid}/status") as file:
        mask = next(int(line.split()[1], 16) for line in file if line.startswith("SigCgt"))
    return {number for number in signal.Signals if mask >> (number - 1) & 1}


def _gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return not os.path.exists(f"/proc/{pid}")
