"""The payloads through which workloads reach their tasks: S3 objects in a bucket of their own.

How an object is encrypted is the bucket's to say: S3 encrypts every object, and to name a way
here would put aside the KMS key that a bucket may have.
"""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

log = logging.getLogger(__name__)

Payload = dict[str, Any]  # {"workload": ExecuteTask as JSON, "request": the arguments of RunTask}

DELETED_AT_ONCE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
# who may not list the bucket is told AccessDenied of an object that is gone:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
GONE = ("NoSuchKey", "AccessDenied")
SCHEME = "s3://"


class PayloadGone(LookupError):
    """A payload that was read before, or has expired."""


def put(s3: Any, bucket: str, key: str, body: Payload) -> str:
    """Store ``{"workload": ..., "request": ...}`` and return its ``s3://`` URI."""
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(body).encode(), ContentType="application/json")
    return f"{SCHEME}{bucket}/{key}"


def get(s3: Any, bucket: str, key: str) -> Payload | None:
    """Return a payload and leave it there, or None when it is gone."""
    try:
        return _read(s3, bucket, key)
    except PayloadGone as gone:
        log.info("%s", gone)
        return None


def take(s3: Any, uri: str) -> Payload:
    """Return a payload and delete it.

    :raises PayloadGone: when somebody else took it, or it has expired
    :raises ValueError: when ``uri`` names no object
    """
    bucket, key = split(uri)
    payload = _read(s3, bucket, key)
    try:
        s3.delete_object(Bucket=bucket, Key=key)
    except Exception as error:  # whatever it is: the task can run, and the bucket's lifecycle deletes
        log.warning("%s was read but not deleted, its token stays there until it expires: %s", bucket, error)
    return payload


def split(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not (uri.startswith(SCHEME) and bucket and key):
        raise ValueError(f"{uri!r} is not {SCHEME}BUCKET/KEY")
    return bucket, key


def _read(s3: Any, bucket: str, key: str) -> Payload:
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        # neither the key nor what AWS says of it: who has them might find a payload that is still there
        raise PayloadGone(
            f"the payload is not in {bucket} any more: it was read before, or has expired "
            f"({error.response['Error']['Code']})"
        ) from None
    payload: Payload = json.loads(body)
    return payload


def delete_expired(bucket: str, hours: float) -> int:
    """Delete the payloads that are older than ``hours``; return how many.

    The bucket's lifecycle does the same once a day; this keeps it small where none is set.
    """
    import boto3  # a worker, which needs take() alone, does without

    s3 = boto3.client("s3")
    oldest = datetime.now(UTC) - timedelta(hours=hours)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found: list[Any] = [entry for page in pages for entry in page.get("Contents", [])]
    expired: list[Any] = [{"Key": entry["Key"]} for entry in found if entry["LastModified"] < oldest]
    for first in range(0, len(expired), DELETED_AT_ONCE):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": expired[first : first + DELETED_AT_ONCE], "Quiet": True})
    log.info("%s: %s of %s payloads deleted", bucket, len(expired), len(found))
    return len(expired)
