"""A deploy bucket and task definitions in memory, and the settings of a release."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fargate.releases.record import Record
from infra.local.layout import ROOT

BUCKET, FAMILY = "deploys", "airflow-worker"
CONTAINER = {
    **{"name": "airflow", "image": "ecr/airflow@sha256:old", "essential": True, "cpu": 0, "user": "50000"},
    **{"environment": [{"name": "LAKE_BUCKET", "value": "lake"}, {"name": "FARGATE_RELEASE", "value": "old"}]},
}
A, B = "aaaa0001-0a0a0a0a", "bbbb0002-0b0b0b0b"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_BUCKET", BUCKET)
    monkeypatch.setenv("FARGATE_RELEASE", B)
    monkeypatch.setenv("RELEASES_KEPT_DAYS", "14")


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        yield client


@pytest.fixture
def ecs(s3: Any) -> Any:
    """ECS with the template that Terraform registers."""
    client: Any = boto3.client("ecs")
    size = {"cpu": "256", "memory": "512", "networkMode": "awsvpc"}
    client.register_task_definition(family=f"{FAMILY}-template", containerDefinitions=[CONTAINER], **size)
    return client


@pytest.fixture
def keys(s3: Any) -> Callable[[], list[str]]:
    """A function that tells what the bucket holds."""
    return lambda: [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.fixture
def code(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """A function that makes a folder of DAGs and one of plugins, which say a word."""

    def make(word: str) -> tuple[Path, Path]:
        dags, plugins = tmp_path / word / "dags", tmp_path / word / "plugins"
        dags.mkdir(parents=True)
        (plugins / "pipelines").mkdir(parents=True)
        (plugins / "fargate").symlink_to(ROOT / "plugins" / "fargate")
        (dags / "a_dag.py").write_text(f"WORD = '{word}'\n")
        (plugins / "pipelines" / "body.py").write_text(f"WORD = '{word}'\n")
        return dags, plugins

    return make


def record(release: str, created: str = "2026-11-01T00:00:00+00:00", **changes: Any) -> Record:
    digest = f"sha256:{release.rpartition('-')[2]:0<64}"
    known = {"digest": digest, "image": f"1.dkr.ecr.r.amazonaws.com/airflow/airflow@{digest}"}
    definition = f"arn:aws:ecs:ap-northeast-2:123456789012:task-definition/{FAMILY}:{release[:1]}"
    return Record(**{"release": release, "task_definition": definition, "created": created, **known, **changes})
