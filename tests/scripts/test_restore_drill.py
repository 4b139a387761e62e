"""The restore drill, against moto's RDS and two real Postgres servers: the one that runs and the restored one.

moto restores no data, knows no states but ``available``, gives instances an address that leads nowhere,
and ignores what a restore switches off (DeletionProtection): these are the tests' own.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scripts import rds_restore, restore_drill
from tests.scripts.two_databases import RESTORED, RUN, RUNNING, SCHEMA, Server, make_whole, two_servers

DATABASE, REGION = "airflow-test", "eu-west-1"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    with two_servers(tmp_path_factory.mktemp("pg")) as servers:
        yield servers


@pytest.fixture
def whole(servers: dict[str, Server]) -> dict[str, Server]:
    make_whole(servers)
    return servers


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, servers: dict[str, Server]) -> Iterator[Any]:
    """An account with the database, its secret and two snapshots of it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local-only")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local-only")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name=f"{DATABASE}/database-url", SecretString=servers[RUNNING].url)
        rds = boto3.client("rds")
        rds.create_db_instance(
            DBInstanceIdentifier=DATABASE, Engine="postgres", DBInstanceClass="db.t4g.medium", AllocatedStorage=20,
            MasterUsername="master", ManageMasterUserPassword=True,
            DBSubnetGroupName=subnet_group(rds), VpcSecurityGroupIds=["sg-1"],
        )  # fmt: skip
        for name in ("older", "newest"):
            rds.create_db_snapshot(DBInstanceIdentifier=DATABASE, DBSnapshotIdentifier=name)
        yield rds


def subnet_group(rds: Any) -> str:
    subnets = [subnet["SubnetId"] for subnet in boto3.client("ec2").describe_subnets()["Subnets"]]
    rds.create_db_subnet_group(DBSubnetGroupName="private", DBSubnetGroupDescription="x", SubnetIds=subnets)
    return "private"


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The restored instance at the second server's address; returns it as it was when it was looked at."""
    seen: list[dict[str, Any]] = []
    described = rds_restore.instance

    def instance(rds: Any, name: str) -> dict[str, Any]:
        found = described(rds, name)
        if "-drill-" in name:
            seen.append(found)
            found["Endpoint"] = {"Address": RESTORED}
        return found

    monkeypatch.setattr(rds_restore, "instance", instance)
    return seen


def names(rds: Any) -> list[str]:
    return [found["DBInstanceIdentifier"] for found in rds.describe_db_instances()["DBInstances"]]


def test_a_whole_drill(aws: Any, whole: Any, at_hand: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert restore_drill.main([DATABASE]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("==> restoring snapshot newest of 20")
    assert said[1].endswith(": available")
    assert said[2] == "==> 5 tables, those of the running database, of the same schema 0123abc"
    assert said[3].startswith("==> 2 DAG runs, among them the newest of that time: flights run-2 of ")
    assert said[4].endswith(" is being deleted")
    assert said[5].startswith("==> the backup is whole; the drill took 0 min ")
    assert names(aws) == [DATABASE]


@pytest.mark.parametrize("source", [["--latest"], ["--snapshot", "older"]])
def test_other_backups(source: list[str], aws: Any, whole: Any, at_hand: Any) -> None:
    assert restore_drill.main([DATABASE, *source]) == 0
    assert names(aws) == [DATABASE]


def test_a_point_in_time(aws: Any, whole: Any, at_hand: Any, capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime.now(UTC) - timedelta(minutes=30)
    assert restore_drill.main([DATABASE, "--at", at.isoformat()]) == 0
    assert f"restoring the state of {at:%Y-%m-%d %H:%M:%S} UTC" in capsys.readouterr().out


def test_the_instance_is_beside_the_original(aws: Any, whole: Any, at_hand: Any) -> None:
    restore_drill.main([DATABASE])
    made, original = at_hand[0], rds_restore.instance(aws, DATABASE)
    for same in ("DBInstanceClass", "DBParameterGroups", "DBSubnetGroup", "VpcSecurityGroups"):
        assert made[same] == original[same], same
    assert made["TagList"] == [{"Key": "Purpose", "Value": "restore-drill"}]


@pytest.mark.parametrize(
    ("named", "target"),
    [
        ({"DBSnapshotIdentifier": "s"}, "DBInstanceIdentifier"),
        ({"SourceDBInstanceIdentifier": "d"}, "TargetDBInstanceIdentifier"),
    ],
)
def test_the_instance_can_be_deleted_and_is_open_to_nobody_else(named: dict[str, str], target: str) -> None:
    original = {
        **{"DBInstanceClass": "db.t4g.medium", "MultiAZ": True, "DeletionProtection": True},
        **{"DBSubnetGroup": {"DBSubnetGroupName": "private"}, "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}]},
        "DBParameterGroups": [{"DBParameterGroupName": "airflow"}],
    }
    backup = rds_restore.Backup("", datetime.now(UTC), "", named)
    assert rds_restore.like(original, backup, "d-drill-1") == {
        **named,
        target: "d-drill-1",
        "DBInstanceClass": "db.t4g.medium",
        "DBSubnetGroupName": "private",
        "DBParameterGroupName": "airflow",
        "VpcSecurityGroupIds": ["sg-1"],
        "PubliclyAccessible": False,
        "MultiAZ": False,
        "DeletionProtection": False,
        "AutoMinorVersionUpgrade": False,
        "Tags": [{"Key": "Purpose", "Value": "restore-drill"}],
    }


def test_it_is_kept_when_asked(aws: Any, whole: Any, at_hand: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert restore_drill.main([DATABASE, "--keep"]) == 0
    (kept,) = (name for name in names(aws) if name != DATABASE)
    assert f"aws rds delete-db-instance --db-instance-identifier {kept}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nobody"], 3, "nobody has no snapshot that can be used"),
        (["nobody", "--latest"], 4, "DBInstanceNotFound"),
        ([DATABASE, "--snapshot", "gone"], 3, f"{DATABASE} has no snapshot gone that can be used"),
        ([DATABASE, "--at", "2036-01-01T00:00:00Z"], 3, "can be restored to 20.* at the latest"),
        ([DATABASE, "--secret", "gone"], 4, "ResourceNotFoundException"),
        ([DATABASE, "--at", "yesterday"], 2, "'yesterday' is no time with a zone, such as 2026"),
        ([DATABASE, "--at", "2026-01-01T00:00:00"], 2, "is no time with a zone"),
        ([DATABASE, "--at", "2026-01-01T00:00:00Z", "--latest"], 2, "not allowed with argument"),
        ([], 2, "required: database"),
    ],
)
def test_errors(arguments: list[str], code: int, message: str, aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        got = restore_drill.main(arguments)
    except SystemExit as left:  # argparse
        got = int(left.code or 0)
    assert got == code
    assert re.search(message, capsys.readouterr().err)
    assert names(aws) == [DATABASE]


def test_a_database_without_snapshots(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for snapshot in aws.describe_db_snapshots(DBInstanceIdentifier=DATABASE)["DBSnapshots"]:
        aws.delete_db_snapshot(DBSnapshotIdentifier=snapshot["DBSnapshotIdentifier"])
    assert restore_drill.main([DATABASE]) == 3
    assert "--latest restores from the log instead" in capsys.readouterr().err


BROKEN: dict[str, tuple[list[str], str]] = {
    "empty": ([], "these tables are missing: alembic_version, dag, dag_run, serialized_dag, task_instance"),
    "no runs": (SCHEMA, "the newest DAG run of that time is missing: flights run-2 of "),
    "old": ([*SCHEMA, RUN.format(1, 1, 90)], "the newest DAG run of that time is missing: flights run-2 of "),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_backup_that_is_not_whole(
    kind: str, aws: Any, whole: Any, at_hand: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    statements, message = BROKEN[kind]
    whole[RESTORED].fill(*statements)
    assert restore_drill.main([DATABASE]) == 1
    assert message in capsys.readouterr().err
    assert names(aws) == [DATABASE]


def test_an_interrupt_deletes_the_instance_too(
    aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rds_restore.Restored, "wait", interrupt)
    assert restore_drill.main([DATABASE]) == 130
    assert names(aws) == [DATABASE]


def test_an_instance_that_cannot_be_deleted_is_named(
    aws: Any, whole: Any, at_hand: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(rds: Any, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "InvalidDBInstanceState", "Message": "creating"}}, "DeleteDBInstance")

    client = boto3.client
    refusing = client("rds")
    monkeypatch.setattr(type(refusing), "delete_db_instance", refuse)
    monkeypatch.setattr(boto3, "client", lambda name, **options: refusing if name == "rds" else client(name, **options))
    assert restore_drill.main([DATABASE]) == 6
    assert (
        f"Delete it: aws rds delete-db-instance --db-instance-identifier {DATABASE}-drill-" in capsys.readouterr().err
    )
