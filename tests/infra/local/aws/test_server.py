"""The end of an emulator, in peace and by force, and what becomes of its tasks."""

import os
import signal
import threading

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.names import CLUSTER, LAKE, NETWORK, WORKER_FAMILY
from tests.infra.local.aws.cluster import NUMBERS, Cluster
from tests.infra.local.aws.pages import Pages
from tests.infra.local.aws.test_s3_files import SERVE


@pytest.fixture
def mark():
    """Seconds to sleep for, which tell this test's processes from all others."""
    mark = f"63.{os.getpid()}{next(NUMBERS):05}"
    yield mark
    for pid in sleeping(mark):
        os.kill(pid, signal.SIGKILL)


def sleeping(mark):
    found = []
    for process in psutil.process_iter():
        try:
            found += [process.pid] if process.cmdline() == ["sleep", mark] else []
        except psutil.Error:
            continue
    return found


def end(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


def test_an_emulator_that_ends_leaves_no_task(start_emulator, until, tmp_path, network_of, mark):
    process, client = start_emulator("-c", SERVE, str(tmp_path))
    cluster = Cluster(client("ecs"), network_of(client), "tests")
    pages = Pages(client("ecs").meta.endpoint_url)
    pages.inject()
    cluster.run("sh", "-c", f"setsid sleep {mark} & sleep {mark}")
    patient = cluster.define(container={"stopTimeout": 120})
    stubborn = cluster.run("sh", "-c", f"trap '' TERM; sleep {mark}; sleep {mark}", definition=patient)
    until(lambda: len(sleeping(mark)) == 3)
    pid = pages.task(stubborn)["pid"]
    launcher = threading.Thread(target=launch_until_refused, args=(cluster, mark))
    launcher.start()
    assert end(process) == 0
    launcher.join()
    assert sleeping(mark) == []
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def launch_until_refused(cluster, mark):
    request = cluster.request("sleep", mark)
    while True:
        try:
            cluster.ecs.run_task(**request)
        except (BotoCoreError, ClientError):
            return


def test_an_emulator_ends_what_a_killed_one_left(start_emulator, until, tmp_path, mark):
    last_of_the_ingest = tmp_path / "aws" / "s3" / LAKE / "raw" / "airlines.csv"
    last_of_the_ingest.parent.mkdir(parents=True)
    last_of_the_ingest.touch()  # so that there is none
    program = ("-m", "infra.local.emulator")
    process, client = start_emulator(*program, STACK_DIR=str(tmp_path))
    ecs = client("ecs")
    definition = ecs.describe_task_definition(taskDefinition=WORKER_FAMILY)["taskDefinition"]
    name = definition["containerDefinitions"][0]["name"]
    subnets = {"subnets": list(NETWORK.subnets), "securityGroups": [NETWORK.security_group]}
    ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=WORKER_FAMILY,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": subnets},
        overrides={
            "containerOverrides": [{"name": name, "command": ["sh", "-c", f"setsid sleep {mark} & sleep {mark}"]}]
        },
    )
    until(lambda: len(sleeping(mark)) == 2)
    process.kill()
    process.wait()
    assert len(sleeping(mark)) == 2
    process, _ = start_emulator(*program, STACK_DIR=str(tmp_path))
    assert sleeping(mark) == []
    assert end(process) == 0
