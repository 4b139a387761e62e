"""The memory limit, which holds for all processes of a container together."""

import os
import pty
import signal
import subprocess
import time

import psutil
import pytest

MIB = 2**20
# a container's own limit, small enough for quick tests; a Python process itself uses some 5 MiB
LIMIT = 60
HOLD = """
import os, sys, time
mine, child, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
held = os.urandom(2**20) * mine
if child and not os.fork():
    more = os.urandom(2**20) * child
    time.sleep(60)
time.sleep(seconds)
"""
SHARE = """
import os, sys, time
held = bytearray(os.urandom(2**20)) * int(sys.argv[1])
for _ in range(3):
    if not os.fork():
        time.sleep(60)
time.sleep(1.5)
"""
GROW_IN_A_SESSION_OF_ITS_OWN = """
import os, sys, time
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(0.6)
    held = os.urandom(2**20) * int(sys.argv[1])
time.sleep(60)
"""
SHARED_MEMORY = """
import mmap, sys, time
held = mmap.mmap(-1, int(sys.argv[1]) * 2**20)
held.write(bytes(range(256)) * 4096 * int(sys.argv[1]))
time.sleep(60)
"""
MAPPED_FILE = """
import mmap, sys, time
with open("big", "wb") as file:
    file.write(bytes(int(sys.argv[1]) * 2**20))
with open("big", "rb") as file:
    held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
sum(held[::4096])
time.sleep(0.6)
"""


@pytest.fixture
def hold(cluster):
    """Run a Python task whose container has a limit of its own, and return it after its end."""
    definition = cluster.define(container={"memory": LIMIT})

    def run(source, *arguments):
        arn = cluster.python(source, *map(str, arguments), definition=definition)
        return cluster.until(arn, "STOPPED")

    return run


def check_killed(task):
    [container] = task["containers"]
    assert container["exitCode"] == 128 + signal.SIGKILL
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert task["stopCode"] == "EssentialContainerExited"


def check_alive(task):
    [container] = task["containers"]
    assert container["exitCode"] == 0
    assert "reason" not in container


def test_a_process_over_the_limit_is_killed(hold):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    check_killed(hold(HOLD, LIMIT + 10, 0, 60))


def test_a_process_under_the_limit_is_not(hold, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    task = hold(HOLD, LIMIT - 20, 0, 0.8)
    check_alive(task)
    assert LIMIT - 20 <= pages.task(task["taskArn"])["peak_memory_mib"] < LIMIT


def test_the_memory_of_a_child_counts(hold):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    check_killed(hold(HOLD, 0, LIMIT + 10, 60))


def test_the_sum_counts(hold):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    check_killed(hold(HOLD, LIMIT // 2 + 5, LIMIT // 2 + 5, 60))


def test_pages_that_a_fork_shares_count_once(hold, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    task = hold(SHARE, LIMIT // 2)
    check_alive(task)
    assert LIMIT // 2 <= pages.task(task["taskArn"])["peak_memory_mib"] < LIMIT


def test_a_daemon_counts(hold):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    check_killed(hold(GROW_IN_A_SESSION_OF_ITS_OWN, LIMIT + 10))


def test_shared_memory_counts(hold):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    check_killed(hold(SHARED_MEMORY, LIMIT + 10))


def test_pages_of_files_do_not_count(hold):
    """https://docs.kernel.org/admin-guide/cgroup-v1/memory.html"""
    check_alive(hold(MAPPED_FILE, LIMIT + 10))


def test_the_limit_of_the_task_holds_without_one_of_the_container(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html"""
    check_killed(cluster.until(cluster.python(HOLD, "200", "350", "60"), "STOPPED"))


def test_the_override_of_the_task_holds(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"""
    arn = cluster.python(HOLD, "550", "0", "0.8", definition=cluster.define(memory="512"))
    check_killed(cluster.until(arn, "STOPPED"))
    container = {"name": "main", "command": cluster.describe(arn)["overrides"]["containerOverrides"][0]["command"]}
    check_alive(cluster.stopped(overrides={"memory": "1024", "containerOverrides": [container]}))


@pytest.mark.parametrize(("limit", "check"), [(LIMIT, check_killed), (2 * LIMIT, check_alive)])
def test_the_override_of_the_container_holds(cluster, limit, check):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    request = cluster.request("unused", definition=cluster.define(container={"memory": LIMIT + 5}))
    command = ["python3", "-I", "-S", "-c", HOLD, str(LIMIT + 10), "0", "0.8"]
    override = {"name": "main", "command": command, "memory": limit}
    check(cluster.stopped(**{**request, "overrides": {"containerOverrides": [override]}}))


def test_every_one_of_many_tasks_is_measured(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"""
    definition = cluster.define(container={"memory": LIMIT})
    arns = []
    for _ in range(6):
        arns.append(cluster.python(HOLD, "0", str(LIMIT + 10), "60", definition=definition))
        time.sleep(0.06)  # out of step with each other
    for arn in arns:
        check_killed(cluster.until(arn, "STOPPED"))


def test_who_looks_around_in_a_tasks_folder_is_left_alone(cluster, pages, until):
    arn = cluster.run("sleep", "1")
    cluster.until(arn, "RUNNING")
    folder = os.readlink(f"/proc/{pages.task(arn)['pid']}/cwd")
    shell, terminal = pty.fork()
    if not shell:
        os.execvp("sh", ["sh", "-c", f"cd {folder}; sleep 62 & wait"])
    # a program without a terminal, of which one process works in the folder and one elsewhere
    script = f"(cd {folder}; sh -c 'cd /; sleep 63; true'; true) & sleep 64"
    program = subprocess.Popen(["sh", "-c", script], start_new_session=True, cwd="/")
    try:
        until(lambda: len(in_folder(folder)) >= 3)
        cluster.until(arn, "STOPPED")
        assert in_folder(folder) == [["sh", "-c", f"cd {folder}; sleep 62 & wait"], ["sleep", "62"]]
        assert program.poll() is None
    finally:
        os.killpg(shell, signal.SIGKILL)
        os.killpg(program.pid, signal.SIGKILL)
        os.waitpid(shell, 0)
        os.close(terminal)
        program.wait()


def in_folder(folder):
    """Return the command lines of the processes whose working directory is ``folder``."""
    there = [process for process in psutil.process_iter(["cwd", "cmdline"]) if process.info["cwd"] == folder]
    return [process.info["cmdline"] for process in sorted(there, key=lambda process: process.info["cmdline"])]
