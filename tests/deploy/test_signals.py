"""A worker's container ends when it is told to, as Fargate tells it: SIGTERM, in the container of its definition."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.account import TEMPLATE
from infra.local.aws.container import ContainerSpec
from infra.local.aws.docker import engine as engines
from infra.local.aws.docker.container import DockerContainer
from infra.local.aws.docker.settings import Settings
from tests.deploy.engine import Engine

SIGTERM_CODE = 143
AT_MOST_S, WITHIN_S = 10, 60
# a worker that waits for S3, where nobody answers
NOBODY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "eu-central-1"}
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
WORKER = ["python", "-m", "fargate.worker", "s3://bucket/key"]


@pytest.fixture
def worker(engine: Engine, image: str, tmp_path: Path) -> Iterator[DockerContainer]:
    """A worker that has just started, as infra/worker-task-definition.json has it, with 0.25 vCPU."""
    [definition] = json.loads(TEMPLATE.read_text())["containerDefinitions"]
    environment = [{"name": name, "value": value} for name, value in {**NOBODY, **KEYS}.items()]
    spec = ContainerSpec.build({**definition, "image": image, "environment": environment}, {"command": WORKER})
    address = engine.environment.get("DOCKER_HOST", "")
    made = DockerContainer(engines.Engine(address), Settings(tmp_path, "bridge"), spec, tmp_path / "worker", (256, 512))
    try:
        until(made.started, "started")
        yield made
    finally:
        made.kill()
        until(lambda: made.poll() is not None, "gone")


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, f"not {what} within {WITHIN_S} s"
        time.sleep(0.05)


def seconds_to_end(worker: DockerContainer) -> float:
    begun = time.monotonic()
    worker.terminate()
    until(lambda: worker.poll() is not None, "ended")
    return time.monotonic() - begun


def test_a_worker_that_still_imports_ends_at_once(engine: Engine, worker: DockerContainer) -> None:
    """Without an init the kernel holds back each signal that a first process does not catch yet."""
    name = f"fargate-{worker.output.parent.name}"
    until(lambda: "fargate.worker" in engine.out("top", name), "a process")
    assert seconds_to_end(worker) < AT_MOST_S
    assert "asking again" not in worker.output.read_text(), "it had imported everything: it was told too late"
    ended = worker.poll()
    assert ended is not None
    assert ended.code == SIGTERM_CODE


def test_a_waiting_worker_ends_at_once(worker: DockerContainer) -> None:
    until(lambda: "asking again" in worker.output.read_text(), "waiting")
    assert seconds_to_end(worker) < AT_MOST_S
    ended = worker.poll()
    assert ended is not None
    assert ended.code == SIGTERM_CODE
