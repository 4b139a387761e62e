"""Payloads are read once and then gone; those that nobody fetched are deleted, the others stay."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from fargate import payloads
from tests.plugins.conftest import Said

BUCKET = "payloads"
BODY = {"workload": {"token": "secret-token", "type": "ExecuteTask"}, "request": {"cluster": "airflow"}}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(params=[boto3.client, botocore.session.get_session().create_client])
def s3(request: pytest.FixtureRequest, url: str) -> Iterator[Any]:
    """An S3 client, of either library, for an empty bucket."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    s3 = request.param("s3", region_name="ap-northeast-2", endpoint_url=url, **keys)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    yield s3
    s3.delete_bucket_policy(Bucket=BUCKET)
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
    s3.delete_bucket(Bucket=BUCKET)


def forbid(s3: Any, action: str) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_what_was_put_is_taken_once(s3: Any) -> None:
    uri = payloads.put(s3, BUCKET, "a/b", BODY)
    assert uri == "s3://payloads/a/b"
    assert payloads.get(s3, BUCKET, "a/b") == payloads.get(s3, BUCKET, "a/b") == BODY
    assert payloads.take(s3, uri) == BODY
    assert payloads.get(s3, BUCKET, "a/b") is None
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    with pytest.raises(payloads.PayloadGone, match=r"^the payload is not in payloads any more: it was read before, or"):
        payloads.take(s3, uri)


def test_the_encryption_is_the_buckets(s3: Any) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/payloads"}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    payloads.put(s3, BUCKET, "key", BODY)
    assert s3.head_object(Bucket=BUCKET, Key="key")["ServerSideEncryption"] == "aws:kms"


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_who_may_not_list_is_told_that_a_missing_payload_is_forbidden(s3: Any, code: str, said: Said) -> None:
    """As S3 does; moto gives a 404 to everybody."""
    with Stubber(s3) as stub:
        for _ in range(2):
            stub.add_client_error("get_object", code)
        with pytest.raises(payloads.PayloadGone, match=code) as gone:
            payloads.take(s3, "s3://payloads/the-key")
        assert payloads.get(s3, BUCKET, "the-key") is None
    assert said() == [str(gone.value)]
    assert "the-key" not in str(gone.value)


def test_another_answer_is_not_taken_for_gone(s3: Any) -> None:
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
        payloads.take(s3, "s3://another-bucket/key")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
        payloads.get(s3, "another-bucket", "key")


def test_a_payload_that_cannot_be_deleted_is_run_and_reported(s3: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    uri = payloads.put(s3, BUCKET, "the-key", BODY)
    forbid(s3, "s3:DeleteObject")
    assert payloads.take(s3, uri) == BODY
    [record] = [record for record in caplog.records if record.name == "fargate.payloads"]
    assert record.levelno == logging.WARNING
    assert "not deleted" in record.getMessage()
    assert "403" in record.getMessage()
    assert "the-key" not in record.getMessage()
    assert "secret-token" not in record.getMessage()


@pytest.mark.parametrize("uri", ["", "s3://", "s3://bucket", "s3://bucket/", "s3:///key", "bucket/key", "http://b/k"])
def test_a_reference_names_a_bucket_and_a_key(uri: str) -> None:
    with pytest.raises(ValueError, match="is not s3://BUCKET/KEY"):
        payloads.split(uri)


class S3:
    """A bucket in two pages; ``deleted`` are the keys of each call."""

    def __init__(self, *ages_in_hours: float) -> None:
        now = datetime.now(UTC)
        self.entries = [
            {"Key": f"{number}", "LastModified": now - timedelta(hours=age)} for number, age in enumerate(ages_in_hours)
        ]
        self.deleted: list[list[str]] = []

    def get_paginator(self, operation: str) -> "S3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **request: str) -> list[dict[str, Any]]:
        assert request == {"Bucket": "payloads"}
        half = len(self.entries) // 2
        return [{"Contents": self.entries[:half]}, {"Contents": self.entries[half:]}] if self.entries else [{}]

    def delete_objects(self, **request: Any) -> None:
        assert (request["Bucket"], request["Delete"]["Quiet"]) == ("payloads", True)
        self.deleted.append([entry["Key"] for entry in request["Delete"]["Objects"]])


def delete(monkeypatch: pytest.MonkeyPatch, s3: S3, hours: float = 24) -> int:
    monkeypatch.setattr(boto3, "client", lambda service: s3 if service == "s3" else None)
    return payloads.delete_expired("payloads", hours)


def test_what_is_too_old_is_deleted(monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    s3 = S3(0, 23.9, 24.1, 48)
    assert delete(monkeypatch, s3) == 2
    assert s3.deleted == [["2", "3"]]
    assert said() == ["payloads: 2 of 4 payloads deleted"]


@pytest.mark.parametrize("s3", [S3(), S3(1, 2)])
def test_nothing_old_is_nothing_deleted(monkeypatch: pytest.MonkeyPatch, s3: S3) -> None:
    assert delete(monkeypatch, s3) == 0
    assert s3.deleted == []


def test_a_call_deletes_as_many_as_s3_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = S3(*[48] * 2001)
    assert delete(monkeypatch, s3) == 2001
    assert [len(keys) for keys in s3.deleted] == [1000, 1000, 1]
