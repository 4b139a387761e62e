"""The records of releases, and the one that serves."""

import json
from typing import Any

import pytest

from fargate.releases import record as records
from tests.plugins.fargate.releases.conftest import BUCKET, A, B, record


def test_what_is_written_is_read(s3: Any) -> None:
    made = record(A, dags={"d": "d.py"}, migration_heads={"airflow": "1", "fab": "2"}, triggers=["pipelines.x.T"])
    records.write(made)
    assert records.read(A) == made
    assert json.loads(s3.get_object(Bucket=BUCKET, Key=f"releases/{A}/release.json")["Body"].read())["dags"] == {
        "d": "d.py"
    }


def test_a_release_without_one_is_named(s3: Any) -> None:
    with pytest.raises(records.UnknownRelease, match=f"release {A} has no record in s3://{BUCKET}/releases/{A}/"):
        records.read(A)


def test_a_bucket_that_cannot_be_read_is_another_error(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that lacks a right for a minute must not fail the tasks of a release."""
    monkeypatch.setenv("DEPLOY_BUCKET", "somebody-s")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        records.read(A)


def test_a_newer_release_may_say_more() -> None:
    told = json.loads(record(A).text()) | {"sbom": "x"}
    assert records.Record.of(json.dumps(told)) == record(A)


def test_one_serves(s3: Any) -> None:
    assert records.current() is None
    records.serve(record(A))
    records.serve(record(B))
    assert records.current() == record(B)


def test_all_are_known_and_nothing_else_is_taken_for_one(s3: Any) -> None:
    assert list(records.known()) == []
    for made in (record(A), record(B)):
        records.write(made)
    records.serve(record(A))
    s3.put_object(Bucket=BUCKET, Key=f"releases/{A}/code.tar.gz", Body=b"x")
    assert [each.release for each in records.known()] == [A, B]
