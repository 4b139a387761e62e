"""A lake bucket in memory. It keeps all versions, so that a test sees how often an object was written."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipelines.lake import Lake

BUCKET = "lake"


@pytest.fixture(scope="package")
def _s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("s3")  # once: it takes longer than most tests


@pytest.fixture
def s3(_s3: Any) -> Iterator[Any]:
    _s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    _s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield _s3
    listing = _s3.list_object_versions(Bucket=BUCKET)
    left = [*listing.get("Versions", []), *listing.get("DeleteMarkers", [])]
    if left:
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in left]
        _s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
    _s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def lake(s3: Any) -> Lake:
    return Lake(BUCKET)


@pytest.fixture
def versions(s3: Any) -> Any:
    """A function that tells how often each object below a prefix was written."""

    def count(prefix: str) -> dict[str, int]:
        listing = s3.list_object_versions(Bucket=BUCKET, Prefix=prefix)
        return dict(Counter(entry["Key"] for entry in listing.get("Versions", [])))

    return count
