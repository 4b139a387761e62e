import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.infra.local.aws.gaps.network import new_name

PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def bucket(client: Any, **statement: Any) -> str:
    """Make a bucket that denies everything to everybody, but for what ``statement`` says otherwise."""
    name = new_name()
    arn = f"arn:aws:s3:::{name}"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"], **statement}
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    policy = {"Version": "2012-10-17", "Statement": [deny]}
    client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return name


def test_a_bucket_for_tls_only_takes_and_gives_objects(gap: Any) -> None:
    def probe(client: Any) -> Any:
        named = {"Bucket": bucket(client, Condition=PLAIN_HTTP), "Key": "key"}
        client("s3").put_object(**named, Body=b"x")
        return client("s3").get_object(**named)["Body"].read()

    gap(probe, b"x")


def test_a_bucket_s_policy_may_be_one_statement_without_a_list(closed: Any) -> None:
    name = bucket(closed)
    policy = json.loads(closed("s3").get_bucket_policy(Bucket=name)["Policy"])
    policy["Statement"] = {**policy["Statement"][0], "Condition": PLAIN_HTTP}
    closed("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    closed("s3").put_object(Bucket=name, Key="key", Body=b"x")


def test_what_is_denied_without_a_condition_stays_denied(closed: Any) -> None:
    with pytest.raises(ClientError, match="403"):
        closed("s3").put_object(Bucket=bucket(closed), Key="key", Body=b"x")


def test_a_bucket_without_a_policy_takes_objects(closed: Any) -> None:
    name = new_name()
    closed("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    closed("s3").put_object(Bucket=name, Key="key", Body=b"x")
