"""A container: its environment, its signals and what it leaves behind."""

import os
import signal
import sys

import pytest

TELLS_AND_WAITS = """
import signal, sys, time
def tell(number, frame):
    open(sys.argv[1] + str(number), "w").close()
signal.signal(signal.SIGTERM, tell)
open(sys.argv[1] + "ready", "w").close()
while True:
    time.sleep(60)
"""
PARENT_AND_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-I", "-S", "-c", sys.argv[1], sys.argv[2]])
exec(sys.argv[1].replace("sys.argv[1]", "sys.argv[3]"))
"""
LEAVES_BEHIND = {
    "in its session": "sleep {mark} & sleep 0.5",
    "in a session of its own": "setsid sleep {mark} & sleep 0.5",
    "in a session of its own, at once": "setsid -f sleep {mark}",
    "as a child of a process that ended": "setsid sh -c 'sleep {mark} & exit' & sleep 0.5",
    "as a daemon in another folder": "cd / && setsid sleep {mark} > /dev/null 2>&1 < /dev/null & sleep 0.7",
    "by a process of its session that ended": "cd /; setsid sh -c 'sleep 0.6; sleep {mark} & exit' & sleep 0.7",
    "as a daemon that moved away": "setsid -f sh -c 'sleep 0.4; cd /; exec sleep {mark}'; sleep 0.8",
    "when it is killed": "setsid sleep {mark} & sleep 0.5; kill -KILL $$",
}


def environment(pid):
    with open(f"/proc/{pid}/environ") as file:
        pairs = [pair.partition("=") for pair in file.read().split("\0") if pair]
    return {name: value for name, _, value in pairs}


def running(cluster, pages, arn):
    cluster.until(arn, "RUNNING")
    return pages.task(arn)["pid"]


def command_lines():
    """Return the command lines of all processes of this machine."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline") as file:
                yield file.read().rstrip("\0").split("\0")
        except OSError:
            continue


def test_the_environment_is_that_of_the_definition_and_the_override(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    pairs = {"ONLY_DEFINED": "1", "BOTH": "definition", "EMPTY": "", "SPACED": " a=b\nc "}
    definition = cluster.define(container={"environment": [{"name": n, "value": v} for n, v in pairs.items()]})
    override = {
        "name": "main",
        "command": ["/bin/sleep", "60"],
        "environment": [{"name": "BOTH", "value": "override"}, {"name": "ONLY_OVERRIDDEN", "value": "é"}],
    }
    arn = cluster.run(definition=definition, overrides={"containerOverrides": [override]})
    assert environment(running(cluster, pages, arn)) == pairs | {"BOTH": "override", "ONLY_OVERRIDDEN": "é"}
    cluster.stop(arn)


def test_nothing_is_inherited(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/taskdef-envfiles.html"""
    arn = cluster.run("/bin/sleep", "60")
    assert environment(running(cluster, pages, arn)) == {}
    cluster.stop(arn)


def test_a_variable_without_a_value_is_empty(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KeyValuePair.html"""
    arn = cluster.run(definition=cluster.define(container={"environment": [{"name": "A"}], "command": ["sleep", "60"]}))
    assert environment(running(cluster, pages, arn)) == {"A": ""}
    cluster.stop(arn)


def test_the_command_of_the_override_follows_the_entry_point(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
    definition = cluster.define(container={"entryPoint": ["sh", "-c"], "command": ["exit 1"]})
    assert cluster.stopped(definition=definition)["containers"][0]["exitCode"] == 1
    task = cluster.stopped("exit 2", definition=definition)
    assert task["containers"][0]["exitCode"] == 2
    assert pages.task(task["taskArn"])["command"] == ["sh", "-c", "exit 2"]


def test_the_stop_signal_goes_to_the_main_process_alone_and_then_all_are_killed(cluster, tmp_path, until):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    child, main = tmp_path / "child-", tmp_path / "main-"
    arn = cluster.python(PARENT_AND_CHILD, TELLS_AND_WAITS, str(child), str(main))
    until(lambda: {"child-ready", "main-ready"} <= set(os.listdir(tmp_path)))
    cluster.until(arn, "RUNNING")
    cluster.stop(arn)
    until((tmp_path / f"main-{signal.SIGTERM}").exists)
    assert cluster.describe(arn)["lastStatus"] == "STOPPING"
    task = cluster.until(arn, "STOPPED")
    assert task["containers"][0]["exitCode"] == 128 + signal.SIGKILL
    assert set(os.listdir(tmp_path)) == {"child-ready", "main-ready", f"main-{signal.SIGTERM}"}
    assert not [line for line in command_lines() if str(child) in line]


@pytest.mark.parametrize(("short", "long"), [(2, 3)])
def test_the_kill_comes_after_the_stop_timeout(cluster, pages, tmp_path, until, short, long):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
    command = [sys.executable, "-I", "-S", "-c", TELLS_AND_WAITS]
    arns = {
        timeout: cluster.run(*command, f"{tmp_path}/{timeout}-", definition=cluster.define(container=seconds))
        for timeout in (short, long)
        for seconds in [{"stopTimeout": timeout}]
    }
    until(lambda: len(os.listdir(tmp_path)) == 2)
    for arn in arns.values():
        cluster.until(arn, "RUNNING")
        cluster.stop(arn)
    took = {}
    for timeout, arn in arns.items():
        cluster.until(arn, "STOPPED")
        at = {entry["status"]: entry["at"] for entry in pages.task(arn)["history"]}
        took[timeout] = at["DEPROVISIONING"] - at["STOPPING"]
    assert short <= took[short] < took[long]
    assert long <= took[long]


@pytest.mark.parametrize("how", LEAVES_BEHIND)
def test_what_the_main_process_leaves_behind_is_gone(cluster, how):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"""
    mark = f"61.{list(LEAVES_BEHIND).index(how)}{os.getpid()}"
    arn = cluster.run("sh", "-c", LEAVES_BEHIND[how].format(mark=mark))
    cluster.until(arn, "STOPPED")
    assert not [line for line in command_lines() if line == ["sleep", mark]]


def test_a_process_that_moved_away_is_killed_with_the_rest(cluster, pages, until):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    pages.inject(kill_after_s=0.5)
    mark = f"62.{os.getpid()}"
    arn = cluster.run("sh", "-c", f"cd /; setsid sleep {mark} > /dev/null 2>&1 & sleep 60")
    until(lambda: ["sleep", mark] in list(command_lines()))
    assert cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 128 + signal.SIGKILL
    assert ["sleep", mark] not in list(command_lines())
