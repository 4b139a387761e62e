"""A snapshot is waited for, and its failure is named."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fargate.deploy import snapshot
from fargate.deploy.failure import MIGRATION, Failure

NAME = "test-before-r-1"
INSTANCE = {
    "DBInstanceIdentifier": "test",
    "DBSubnetGroup": {"DBSubnetGroupName": "test-subnets"},
    "DBParameterGroups": [{"DBParameterGroupName": "test-postgres17"}],
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}, {"VpcSecurityGroupId": "sg-2"}],
    "MultiAZ": True,
}


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SECRETS_PREFIX", "test")
    monkeypatch.setattr(snapshot, "POLL_S", 0)
    client = boto3.client("rds", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr(snapshot, "client", lambda _: client)
    return client


def test_it_is_there_before_the_migration_begins(rds: Any) -> None:
    with Stubber(rds) as stubber:
        stubber.add_response("describe_db_instances", {"DBInstances": [INSTANCE]}, {"DBInstanceIdentifier": "test"})
        stubber.add_response("create_db_snapshot", {}, {"DBInstanceIdentifier": "test", "DBSnapshotIdentifier": NAME})
        for status in ("creating", "available"):
            found = {"DBSnapshots": [{"DBSnapshotIdentifier": NAME, "Status": status}]}
            stubber.add_response("describe_db_snapshots", found, {"DBSnapshotIdentifier": NAME})
        told = snapshot.take(NAME)
        stubber.assert_no_pending_responses()
    assert told["snapshot"] == NAME
    assert told["restore"] == (
        f"aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier {NAME} "
        "--db-instance-identifier test-restored --db-subnet-group-name test-subnets "
        "--db-parameter-group-name test-postgres17 --vpc-security-group-ids sg-1 sg-2 "
        "--no-publicly-accessible --multi-az"
    )


def test_one_that_fails_stops_the_migration(rds: Any) -> None:
    with Stubber(rds) as stubber:
        stubber.add_response("describe_db_instances", {"DBInstances": [INSTANCE]})
        stubber.add_client_error("create_db_snapshot", "SnapshotQuotaExceeded")
        with pytest.raises(Failure, match=f"no snapshot {NAME} of the database test") as failure:
            snapshot.take(NAME)
    assert failure.value.code == MIGRATION
