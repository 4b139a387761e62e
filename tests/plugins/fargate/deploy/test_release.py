"""What a deploy has the image do for its release: check, publish, tag, serve."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fargate.deploy import release
from fargate.deploy.failure import UNREACHABLE, Failure
from fargate.releases import __main__ as releases
from fargate.releases import parsed, record
from fargate.releases.parsed import Parsed
from infra.local.names import WORKER_FAMILY
from tests.plugins.fargate.deploy.test_runs import begin, end, write

REGISTRY, REPOSITORY, BUCKET = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com", "airflow/airflow", "deploys"
OLD = "aaaa0001-0a0a0a0a"
CONTAINER = {"name": "airflow", "image": "none", "essential": True, "memory": 512}
KIND = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def aws(exported: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """An account with a deploy bucket, the template of the worker and a registry; makes clients."""
    monkeypatch.setenv("DEPLOY_BUCKET", BUCKET)
    with mock_aws():
        region = {"LocationConstraint": "ap-northeast-2"}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
        boto3.client("ecr").create_repository(repositoryName=REPOSITORY)
        definition = {"family": f"{WORKER_FAMILY}-template", "containerDefinitions": [CONTAINER]}
        boto3.client("ecs").register_task_definition(**definition)
        yield boto3.client


@pytest.fixture
def image(aws: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An image in the registry whose code this process has, by its digest."""
    manifest = json.dumps({"schemaVersion": 2, "mediaType": KIND, "config": {}, "layers": []})
    put = aws("ecr").put_image(repositoryName=REPOSITORY, imageManifest=manifest, imageTag="built")
    digest = put["image"]["imageId"]["imageDigest"]
    monkeypatch.setenv("FARGATE_RELEASE", f"bbbb0002-{digest.removeprefix('sha256:')[:8]}")
    dags, plugins = tmp_path / "dags", tmp_path / "plugins"
    for folder in (dags, plugins):
        folder.mkdir()
        (folder / "code.py").write_text("WORD = 'b'\n")
    monkeypatch.setattr(releases, "_folders", lambda: (dags, plugins))
    monkeypatch.setattr(parsed, "dags", lambda _: Parsed({"d": "d.py"}, {}))
    monkeypatch.setattr(parsed, "migration_heads", lambda: {"airflow": "1", "fab": "2"})
    return f"{REGISTRY}/{REPOSITORY}@{digest}"


def tags(aws: Callable[[str], Any], image: str) -> list[str]:
    found = {"repositoryName": REPOSITORY, "imageIds": [{"imageDigest": image.partition("@")[2]}]}
    [described] = aws("ecr").describe_images(**found)["imageDetails"]
    return sorted(described["imageTags"])


def test_a_published_release_has_code_definition_record_and_tag(aws: Callable[[str], Any], image: str) -> None:
    name = release.settings.release()
    release.publish(image, "abc")
    keys = {entry["Key"] for entry in aws("s3").list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert keys == {f"releases/{name}/{file}" for file in ("code.tar.gz", "release.json")}
    made = record.read(name)
    assert (made.image, made.revision, made.dags) == (image, "abc", {"d": "d.py"})
    defined = aws("ecs").describe_task_definition(taskDefinition=made.task_definition)["taskDefinition"]
    assert (defined["family"], defined["containerDefinitions"][0]["image"]) == (WORKER_FAMILY, image)
    assert tags(aws, image) == ["built", f"deployed-{name}"]
    release.publish(image, "abc")  # as a rollback does
    assert tags(aws, image) == ["built", f"deployed-{name}"]
    arns = aws("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    assert len([arn for arn in arns if f"/{WORKER_FAMILY}:" in arn]) == 1


def test_a_registry_that_expires_nothing_gets_no_tag(aws: Callable[[str], Any], image: str) -> None:
    elsewhere = f"127.0.0.1:5000/airflow@{image.partition('@')[2]}"
    release.publish(elsewhere, "abc")
    assert record.read(release.settings.release()).image == elsewhere
    assert tags(aws, image) == ["built"]


def test_an_image_that_is_not_in_the_registry_is_named(aws: Callable[[str], Any]) -> None:
    with pytest.raises(Failure, match=f"no tag deployed-x for {REPOSITORY}@sha256:0+ in ECR") as failure:
        release.tag(REPOSITORY, f"sha256:{0:064}", "deployed-x")
    assert failure.value.code == UNREACHABLE


@pytest.mark.usefixtures("image")
def test_the_release_that_serves_is_written_down(aws: Callable[[str], Any], image: str) -> None:
    release.publish(image, "abc")
    assert record.current() is None
    release.serve()
    assert record.current() == record.read(release.settings.release())


@pytest.mark.usefixtures("image")
def test_a_release_that_was_not_published_cannot_serve(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        release.serve()
    assert ended.value.code == releases.DAGS
    assert "has no record in" in capsys.readouterr().err


@pytest.mark.usefixtures("image")
def test_what_is_in_the_way_is_said_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parsed, "dags", lambda _: Parsed({}, {"a.py": "SyntaxError: x", "b.py": "ImportError: y"}))
    with pytest.raises(SystemExit) as ended:
        release.blocked(imports_only=True)
    assert ended.value.code == releases.DAGS
    assert capsys.readouterr().err.splitlines() == [
        "error: a.py cannot be imported: SyntaxError: x",
        "error: b.py cannot be imported: ImportError: y",
    ]


@pytest.mark.usefixtures("orm", "image")
def test_a_run_in_the_way_is_found_in_the_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("in_the_way", OLD, "t")
    begin("in_the_way", "r", t=None)
    known = {"digest": f"sha256:{0:064}", "image": "i", "task_definition": "t"}
    record.write(record.Record(release=OLD, dags={"in_the_way": "old.py"}, **known))
    monkeypatch.setattr(parsed, "dags", lambda _: Parsed({"in_the_way": "new.py"}, {}))
    with pytest.raises(SystemExit) as ended:
        release.blocked()
    assert ended.value.code == releases.DAGS
    assert f"error: 1 unfinished runs of in_the_way need old.py of release {OLD}" in capsys.readouterr().err
    end("in_the_way")
    release.blocked(wait="1")
