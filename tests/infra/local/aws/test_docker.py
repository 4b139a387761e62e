"""Tasks as containers: what a process cannot show, and what is left behind."""

import json
import signal

import pytest

from tests.infra.local.aws.cluster import DOCKER
from tests.infra.local.aws.small_image import IN_IMAGE, OWNED, PLAIN
from tests.infra.local.aws.test_awslogs import ROLE

pytestmark = DOCKER
WAITS = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done"
BURNS = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"
ADDED_BY_DOCKER = {"HOSTNAME", "HOME", "PWD"}


@pytest.fixture
def output(cluster, client):
    """Run a script to its end; return the lines that it wrote."""
    client("logs").create_log_group(logGroupName=f"/{cluster.name}")
    options = {"awslogs-group": f"/{cluster.name}", "awslogs-region": "ap-northeast-2", "awslogs-stream-prefix": "t"}

    def run(script, override=None, **container):
        container = {"logConfiguration": {"logDriver": "awslogs", "options": options}, **container}
        definition = cluster.define(executionRoleArn=ROLE, container=container, volumes=[{"name": "scratch"}])
        entry = {"name": "main", "command": ["sh", "-c", script], **(override or {})}
        task = cluster.stopped(definition=definition, overrides={"containerOverrides": [entry]})
        stream = {"logGroupName": f"/{cluster.name}", "logStreamName": f"t/main/{task['taskArn'][-32:]}"}
        events = client("logs").get_log_events(**stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    return run


@pytest.fixture
def on_the_engine(engine, containers):
    """Return the containers that this emulator has on the engine."""

    def look():
        label = json.dumps({"label": [f"infra.local.aws.folder={containers.settings.folder}"]})
        return engine.call("GET", "/containers/json", all=1, filters=label)

    return look


def test_the_environment_is_the_images_and_the_definitions_and_the_overrides(output):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    defined = [{"name": "DEFINED", "value": "a=b"}, {"name": "BOTH", "value": "definition"}]
    lines = output("env", {"environment": [{"name": "BOTH", "value": "override"}]}, environment=defined)
    found = {name: value for name, _, value in (line.partition("=") for line in lines)}
    assert {name: found[name] for name in found if name not in ADDED_BY_DOCKER} == {
        **IN_IMAGE,
        "DEFINED": "a=b",
        "BOTH": "override",
    }


def test_the_user_and_a_root_file_system_that_is_read_only(output):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
    script = "id -u; touch /tmp/x && echo written"
    assert output(script) == ["0", "written"]
    alone = output(script, user="1000", readonlyRootFilesystem=True)
    assert [line for line in alone if "touch" not in line] == ["1000"]
    assert any("Read-only file system" in line for line in alone)


def test_a_volume_belongs_to_whom_the_image_says(output):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html"""
    mounts = [{"sourceVolume": "scratch", "containerPath": path} for path in (OWNED, PLAIN)]
    script = f"stat -c %u {OWNED} {PLAIN}; touch {OWNED}/x && echo written; touch {PLAIN}/x || echo refused"
    lines = output(script, user="1000", readonlyRootFilesystem=True, mountPoints=mounts)
    assert [line for line in lines if "touch" not in line] == ["1000", "0", "written", "refused"]


def test_a_container_without_memory_is_killed_and_says_so(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""
    small = cluster.define(container={"memory": 32})
    task = cluster.stopped("tail", "/dev/zero", definition=small)
    [container] = task["containers"]
    assert container["exitCode"] == 128 + signal.SIGKILL
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert pages.task(task["taskArn"])["peak_memory_mib"] <= 32


def test_what_it_used_is_told(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html"""
    hold = "x=0123456789abcdef; while [ ${#x} -lt 8000000 ]; do x=$x$x; done; sleep 1"
    told = pages.task(cluster.stopped("sh", "-c", f"{BURNS}; {hold}")["taskArn"])
    assert 0.05 < told["cpu_seconds"] < 10
    assert 8 < told["peak_memory_mib"] < 128


def test_the_share_of_a_processor_is_kept(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
    told = pages.task(cluster.stopped("sh", "-c", f"{BURNS}; {BURNS}")["taskArn"])
    at = {entry["status"]: entry["at"] for entry in told["history"]}
    assert 0.2 < told["cpu_seconds"] <= 0.25 * (at["DEACTIVATING"] - at["RUNNING"]) + 0.15


def test_the_digest_of_what_ran(cluster, image):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html"""
    assert cluster.stopped("sh", "-c", "true")["containers"][0]["imageDigest"] == image.partition("@")[2]


def test_an_image_that_the_engine_has_not(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"""
    name = f"local/no-such@sha256:{0:064}"
    task = cluster.stopped("true", definition=cluster.define(container={"image": name}))
    assert (task["stopCode"], "imageDigest" in task["containers"][0]) == ("TaskFailedToStart", False)
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull image manifest")
    assert name in task["stoppedReason"]


def test_a_program_that_is_not_in_the_image(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"""
    task = cluster.stopped("python3")
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotStartContainerError: ")
    assert '"python3": executable file not found in $PATH' in task["stoppedReason"]


def test_a_process_that_handles_the_stop_exits_with_its_own_code(cluster, pages, until):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    arn = cluster.run("sh", "-c", WAITS)
    cluster.until(arn, "RUNNING")
    until(lambda: pages.task(arn)["peak_memory_mib"])
    cluster.stop(arn)
    assert cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 7


def test_the_first_process_has_no_default_for_the_stop_signal(cluster, pages):
    """So that it is killed at last: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    arn = cluster.run("sleep", "60")
    cluster.until(arn, "RUNNING")
    cluster.stop(arn)
    assert cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 128 + signal.SIGKILL
    at = {entry["status"]: entry["at"] for entry in pages.task(arn)["history"]}
    assert at["DEPROVISIONING"] - at["STOPPING"] >= 2


def test_a_container_without_memory_is_told_below_an_init_too(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""
    small = cluster.define(container={"memory": 32, "linuxParameters": {"initProcessEnabled": True}})
    [container] = cluster.stopped("tail", "/dev/zero", definition=small)["containers"]
    assert container["exitCode"] == 128 + signal.SIGKILL
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_a_task_that_ended_leaves_nothing(cluster, engine, on_the_engine):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"""
    mounts = [{"sourceVolume": "s", "containerPath": "/s"}]
    definition = cluster.define(container={"mountPoints": mounts}, volumes=[{"name": "s"}])
    arn = cluster.run("sh", "-c", "sleep 60 & sleep 2", definition=definition)
    cluster.until(arn, "RUNNING")
    [container] = on_the_engine()
    [volume] = [mount["Name"] for mount in container["Mounts"] if mount["Destination"] == "/s"]
    assert engine.call("GET", f"/volumes/{volume}")["Name"] == volume
    cluster.until(arn, "STOPPED")
    assert on_the_engine() == []
    assert volume not in [left["Name"] for left in engine.call("GET", "/volumes")["Volumes"] or []]
