"""A snapshot of the database, before its schema changes."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from fargate import settings
from fargate.deploy.failure import MIGRATION, Failure
from fargate.deploy.secret_values import client

POLL_S, POLLS = 10, 360  # an hour


def take(name: str) -> dict[str, str]:
    """Take it and wait until it can be restored; what it is called, and the command that restores it."""
    database = settings.secrets_prefix()  # Terraform gives both the deployment's name
    rds = client("rds")
    try:
        [instance] = rds.describe_db_instances(DBInstanceIdentifier=database)["DBInstances"]
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=name)
        waiter = rds.get_waiter("db_snapshot_available")
        waiter.wait(DBSnapshotIdentifier=name, WaiterConfig={"Delay": POLL_S, "MaxAttempts": POLLS})
    except (BotoCoreError, ClientError, WaiterError) as error:
        raise Failure(MIGRATION, f"no snapshot {name} of the database {database}: {error}") from None
    return {"snapshot": name, "restore": " ".join(restore_command(instance, name))}


def restore_command(instance: dict[str, Any], name: str) -> list[str]:
    """Return the command that makes a database of the snapshot, beside the one that is there.

    What RDS does not take from a snapshot is named: without, nobody would reach the new one.
    """
    database = instance["DBInstanceIdentifier"]
    groups = [group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"]]
    return [
        *("aws", "rds", "restore-db-instance-from-db-snapshot", "--db-snapshot-identifier", name),
        *("--db-instance-identifier", f"{database}-restored"),
        *("--db-subnet-group-name", instance["DBSubnetGroup"]["DBSubnetGroupName"]),
        *("--db-parameter-group-name", instance["DBParameterGroups"][0]["DBParameterGroupName"]),
        *("--vpc-security-group-ids", *groups, "--no-publicly-accessible"),
        "--multi-az" if instance.get("MultiAZ") else "--no-multi-az",
    ]
