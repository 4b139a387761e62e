"""Buckets and repositories that were applied."""

import json
from typing import Any

import pytest

from tests.infra.terraform.account import Account
from tests.infra.terraform.conftest import PREFIX

pytestmark = pytest.mark.apply

KEYS = ("deploy", "lake", "logs", "payloads")


@pytest.fixture(params=KEYS)
def bucket(request: pytest.FixtureRequest, outputs: dict[str, Any]) -> str:
    assert sorted(outputs["buckets"]) == sorted(KEYS)
    return str(outputs["buckets"][request.param])


def rules(account: Account, bucket: str) -> dict[str, Any]:
    told = account.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)
    return {rule["ID"]: rule for rule in told["Rules"] if rule["Status"] == "Enabled"}


def test_no_bucket_is_public(account: Account, bucket: str) -> None:
    blocked = account.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(blocked) == 4
    assert set(blocked.values()) == {True}


def test_every_bucket_belongs_to_its_owner_alone(account: Account, bucket: str) -> None:
    told = account.client("s3").get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert told["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_every_bucket_is_encrypted(account: Account, bucket: str, outputs: dict[str, Any]) -> None:
    """The lake has S3's own key: the ETag is the MD5 of an object only then."""
    told = account.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    [rule] = told["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    if bucket == outputs["buckets"]["lake"]:
        assert default == {"SSEAlgorithm": "AES256"}
    else:
        assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": outputs["kms_key"]}
        assert rule["BucketKeyEnabled"]


def test_every_bucket_takes_tls_only(account: Account, bucket: str) -> None:
    policy = json.loads(account.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    denied = [statement for statement in policy["Statement"] if statement["Effect"] == "Deny"]
    assert [
        (statement["Principal"], statement["Action"], sorted(statement["Resource"]), statement["Condition"])
        for statement in denied
    ] == [
        (
            "*",
            "s3:*",
            [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            {"Bool": {"aws:SecureTransport": "false"}},
        )
    ]


def test_every_bucket_takes_and_gives_objects(account: Account, bucket: str) -> None:
    s3, named = account.client("s3"), {"Bucket": bucket, "Key": "of-the-tests/object"}
    s3.put_object(**named, Body=b"x")
    assert s3.get_object(**named)["Body"].read() == b"x"


def test_unfinished_uploads_end(account: Account, bucket: str) -> None:
    ends = [rule.get("AbortIncompleteMultipartUpload") for rule in rules(account, bucket).values()]
    assert {"DaysAfterInitiation": 1} in ends


def test_payloads_expire_in_a_day(account: Account, outputs: dict[str, Any]) -> None:
    found = rules(account, outputs["buckets"]["payloads"]).values()
    assert [rule["Expiration"]["Days"] for rule in found if "Expiration" in rule] == [1]
    with_versions = account.client("s3").get_bucket_versioning(Bucket=outputs["buckets"]["payloads"])
    assert with_versions.get("Status") != "Enabled"  # a payload that was deleted would be kept


@pytest.mark.parametrize("key", ["lake", "deploy"])
def test_what_matters_is_versioned(account: Account, outputs: dict[str, Any], key: str) -> None:
    bucket = outputs["buckets"][key]
    assert account.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert any("NoncurrentVersionExpiration" in rule for rule in rules(account, bucket).values())


def test_the_hosts_find_their_settings(account: Account, outputs: dict[str, Any]) -> None:
    found = account.client("s3").get_object(Bucket=outputs["buckets"]["deploy"], Key="host/settings.env")
    settings = dict(line.split("=", 1) for line in found["Body"].read().decode().splitlines())
    assert outputs["host_settings"].items() <= settings.items()


def test_tags_of_images_do_not_move(account: Account) -> None:
    repositories = {one["repositoryName"]: one for one in account.all("ecr", "describe_repositories", "repositories")}
    images, cache = repositories[f"{PREFIX}/airflow"], repositories[f"{PREFIX}/cache"]
    assert (images["imageTagMutability"], cache["imageTagMutability"]) == ("IMMUTABLE", "MUTABLE")
    assert images["imageScanningConfiguration"] == {"scanOnPush": True}
    assert images["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_deployed_images_are_kept(account: Account) -> None:
    told = account.client("ecr").get_lifecycle_policy(repositoryName=f"{PREFIX}/airflow")["lifecyclePolicyText"]
    first = min(json.loads(told)["rules"], key=lambda rule: int(rule["rulePriority"]))
    assert first["selection"]["tagPrefixList"] == ["deployed-"]
    assert first["selection"]["countType"] == "imageCountMoreThan"
