"""The payloads through which workloads reach their tasks, in a bucket of their own."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

log = logging.getLogger(__name__)

DELETED_AT_ONCE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


def delete_expired(bucket: str, hours: float) -> int:
    """Delete the payloads that are older than ``hours``; return how many.

    The bucket's lifecycle does the same once a day; this keeps it small where none is set.
    """
    s3 = boto3.client("s3")
    oldest = datetime.now(UTC) - timedelta(hours=hours)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found: list[Any] = [entry for page in pages for entry in page.get("Contents", [])]
    expired: list[Any] = [{"Key": entry["Key"]} for entry in found if entry["LastModified"] < oldest]
    for first in range(0, len(expired), DELETED_AT_ONCE):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": expired[first : first + DELETED_AT_ONCE], "Quiet": True})
    log.info("%s: %s of %s payloads deleted", bucket, len(expired), len(found))
    return len(expired)
