"""The bucket of the state, and ECS's own role."""

from typing import Any

from scripts.preflights.state import service_role, state
from tests.scripts.preflights.canned import NUMBER, REGION, CannedAccount
from tests.scripts.preflights.conftest import Found

BUCKET = f"airflow-terraform-state-{NUMBER}"


def make(made: Any, name: str = BUCKET, versions: bool = True) -> None:
    s3 = made("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versions:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def test_a_bucket_with_versions(account: CannedAccount, found: Found, made: Any) -> None:
    make(made)
    assert found(state) == [("ok", f"{BUCKET} is there, with versions")]


def test_a_bucket_of_another_name(account: CannedAccount, found: Found, made: Any) -> None:
    make(made, "mine")
    assert found(state, bucket="mine") == [("ok", "mine is there, with versions")]


def test_no_bucket(account: CannedAccount, found: Found) -> None:
    assert found(state) == [("stop", f"there is no bucket {BUCKET}")]


def test_a_bucket_without_versions(account: CannedAccount, found: Found, made: Any) -> None:
    make(made, versions=False)
    said = f"{BUCKET} keeps no older versions: a damaged state could not be brought back"
    assert found(state) == [("warning", said)]


def test_a_bucket_that_may_not_be_read(account: CannedAccount, found: Found) -> None:
    account.refuse("HeadBucket", "403")
    assert found(state) == [("stop", f"bucket {BUCKET} may not be read")]


def test_the_role_of_ecs(account: CannedAccount, found: Found, made: Any) -> None:
    missing = "AWSServiceRoleForECS is missing, without which the first apply can fail once"
    assert found(service_role) == [("warning", missing)]
    made("iam").create_role(RoleName="AWSServiceRoleForECS", AssumeRolePolicyDocument="{}")
    assert found(service_role) == [("ok", "AWSServiceRoleForECS is there")]
