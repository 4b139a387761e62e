"""An executor whose AWS and whose database are in memory."""

import itertools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.plugins.fargate.cloud import Cloud, Database

SECRET = "only-for-tests-" * 5


@pytest.fixture(scope="session")
def model() -> Any:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("ecs", region_name="ap-northeast-2", **keys).meta.service_model


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    from fargate import stored

    made = Database()
    for name in ("store_arns", "keep_queued", "is_unfinished", "whole", "has_event"):
        monkeypatch.setattr(stored, name, getattr(made, name))
    return made


@pytest.fixture
def cloud(model: Any) -> Cloud:
    return Cloud(model)


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, str]]:
    """What was put on top of logs."""
    from fargate import task_logs

    written: list[tuple[Any, str]] = []
    monkeypatch.setattr(task_logs, "write_reason", lambda key, text: written.append((key, text)))
    return written


@pytest.fixture
def executor(cloud: Cloud, database: Database, reasons: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An executor that was started, in which nobody waits for long."""
    from fargate import launcher, watcher  # seconds, which the other tests need not wait
    from fargate.executor import AwsFargateExecutor

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", SECRET)
    monkeypatch.setenv("FARGATE_CALL_QUOTA", "1000/1000")
    monkeypatch.setattr(watcher, "EVERY_S", 0.02)
    monkeypatch.setattr(launcher, "AGAIN_S", dict.fromkeys(launcher.AGAIN_S, 0.05))
    made = AwsFargateExecutor(parallelism=8)
    made.aws = cloud
    made.start()
    yield made
    made.end()


@pytest.fixture
def make(cloud: Cloud) -> Iterator[Any]:
    """A function that starts a launcher; each token that it gives is another one."""
    from fargate.launcher import Launcher
    from tests.plugins.fargate.launches import BASE, NO_LIMIT

    made: list[Launcher] = []

    def start(threads: int = 4, **quotas: Any) -> Launcher:
        tokens = (f"token {n}" for n in itertools.count(1))
        aws: Any = cloud
        launcher = Launcher(aws, BASE, "bucket", lambda _: next(tokens), {**NO_LIMIT, **quotas}, threads)
        launcher.start()
        made.append(launcher)
        return launcher

    yield start
    for launcher in made:
        launcher.stop(1)
