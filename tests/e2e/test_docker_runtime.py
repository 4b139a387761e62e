"""make up RUNTIME=docker: the workers are containers of this checkout's image."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.local import containers, processes
from infra.local.aws.docker.engine import Engine, NoEngine
from infra.local.aws.docker.networks import ADDRESS
from infra.local.layout import ROOT
from infra.local.names import CLUSTER, LOG_GROUP, NETWORK, WORKER_FAMILY
from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_smoke import WITH_ECS, smoke


@pytest.fixture(scope="module")
def image() -> str:
    """This checkout's image, by digest."""
    try:
        return containers.built(Engine())
    except NoEngine as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def boxed(image: str) -> Iterator[StackUnderTest]:
    """A stack whose workers are containers."""
    made = StackUnderTest(
        Path(os.environ.get("TEST_STACK_DIR", ROOT / ".local" / "test-stack")).with_name("docker-stack"),
        runtime="docker",
    )
    made.make()
    yield made
    made.local("reset")
    assert made.what_is_left() == []


@pytest.fixture(scope="module")
def run(boxed: StackUnderTest) -> tuple[str, str]:
    """What the demonstration printed, and its run."""
    said = boxed.run("scripts/demo").stdout
    return said, next(word for word in said.split() if word.startswith("rest__demo-")).rstrip(",")


def on_the_engine(stack: StackUnderTest) -> list[str]:
    """Return the names of this stack's containers and networks."""
    engine, folder = Engine(), str(stack.layout.aws)
    found: list[Any] = [*engine.call("GET", "/containers/json", all=1), *engine.call("GET", "/networks")]
    mine = [one for one in found if folder in str(one["Labels"])]
    return [one.get("Name") or one["Names"][0] for one in mine]


def test_the_main_job_runs_in_containers_of_the_image(boxed: StackUnderTest, run: tuple[str, str], image: str) -> None:
    said, run_id = run
    assert "5 carriers, 248,312 flights: 60 of 60 partitions changed, report changed." in said
    tasks = boxed.tasks_of(run_id)
    assert [task["exit_code"] for task in tasks] == [0] * 6
    assert {task["image_digest"] for task in tasks} == {image.partition("@")[2]}
    assert all(task["peak_memory_mib"] > 50 and task["cpu_seconds"] > 0.5 for task in tasks)
    definition = boxed.client("ecs").describe_task_definition(taskDefinition=WORKER_FAMILY)["taskDefinition"]
    assert definition["containerDefinitions"][0]["image"] == image
    assert len(on_the_engine(boxed)) == 1  # the network


def test_the_smoke_test_sees_the_image_that_ran(boxed: StackUnderTest, image: str) -> None:
    digest = image.partition("@")[2]
    result = smoke(boxed, *WITH_ECS)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"  images   {digest}: 2 Fargate tasks\n" in result.stdout
    other = smoke(boxed, *WITH_ECS, "--digest", f"sha256:{'a' * 64}")
    assert other.stderr.count(f"ran {digest}, not sha256:aaaa") == 2


def test_what_a_container_says_is_in_cloudwatch(boxed: StackUnderTest, run: tuple[str, str]) -> None:
    streams = boxed.client("logs").describe_log_streams(logGroupName=LOG_GROUP)["logStreams"]
    ids = {stream["logStreamName"].rpartition("/")[2] for stream in streams}
    assert ids >= {task["id"] for task in boxed.tasks_of(run[1])}
    events = boxed.client("logs").get_log_events(logGroupName=LOG_GROUP, logStreamName=streams[0]["logStreamName"])
    assert any("Executing workload" in event["message"] for event in events["events"])


def test_nothing_listens_beyond_this_machine(boxed: StackUnderTest) -> None:
    ports = {boxed.airflow_port, boxed.aws_port}
    listening = [c.laddr for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    found = {(address.ip, address.port) for address in listening if address.port in ports}
    assert found == {(ip, port) for ip in ("127.0.0.1", ADDRESS) for port in ports}


def test_a_stack_that_runs_keeps_its_runtime(boxed: StackUnderTest) -> None:
    other = StackUnderTest(boxed.state, boxed.airflow_port, boxed.aws_port)
    refused = other.local("start", check=False)
    assert refused.returncode == 1
    assert "the stack runs with RUNTIME=docker: make down first, or make up RUNTIME=docker" in refused.stderr


def test_down_removes_what_a_killed_stack_left(boxed: StackUnderTest) -> None:
    """The last test of the stack: it is gone afterwards."""
    ecs = boxed.client("ecs")
    override = {"name": "airflow", "command": ["sleep", "600"]}
    subnets = {"subnets": list(NETWORK.subnets), "securityGroups": [NETWORK.security_group]}
    started = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=WORKER_FAMILY,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": subnets},
        overrides={"containerOverrides": [override]},
    )
    arn = started["tasks"][0]["taskArn"]
    eventually(lambda: status(ecs, arn) == "RUNNING", within=30)
    supervisor = int((boxed.layout.run / "supervisord.pid").read_text())
    for pid in (supervisor, boxed.pid("aws")):
        os.kill(pid, signal.SIGKILL)
    assert len(on_the_engine(boxed)) == 2
    StackUnderTest(boxed.state, boxed.airflow_port, boxed.aws_port).local("down")  # whoever says it need not know
    assert on_the_engine(boxed) == []
    assert processes.of_stack(boxed.layout) == []


def status(ecs: Any, arn: str) -> str:
    return str(ecs.describe_tasks(cluster=CLUSTER, tasks=[arn])["tasks"][0]["lastStatus"])


def test_a_runtime_that_there_is_not(tmp_path: Path) -> None:
    refused = StackUnderTest(tmp_path, runtime="nonsense").local("up", check=False)
    assert refused.returncode == 1
    assert "error: RUNTIME is process (the default: each worker is a process) or docker" in refused.stderr
    assert "not 'nonsense'" in refused.stderr


def test_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    refused = StackUnderTest(tmp_path / "stack", runtime="docker").local("up", check=False)
    assert refused.returncode == 1
    assert f"no Docker engine answers at unix://{tmp_path}/none.sock" in refused.stderr
    assert "apt install docker.io" in refused.stderr
    assert "RUNTIME=process needs none" in refused.stderr
