"""An executor whose ECS is in memory."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from tests.plugins.fargate.ecs import Ecs

SECRET = "only-for-tests-" * 5


@pytest.fixture(scope="module")
def model() -> Any:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("ecs", region_name="ap-northeast-2", **keys).meta.service_model


@pytest.fixture
def executor(model: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from fargate.executor import AwsFargateExecutor  # seconds, which the other tests need not wait

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", SECRET)
    with patch("airflow.providers.amazon.aws.executors.ecs.ecs_executor.EcsHook") as hook:
        hook.return_value.conn = Ecs(model)
        yield AwsFargateExecutor(parallelism=8)
