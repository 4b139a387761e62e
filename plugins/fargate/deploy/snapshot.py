"""A snapshot of the database, before its schema changes."""

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
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=name)
        waiter = rds.get_waiter("db_snapshot_available")
        waiter.wait(DBSnapshotIdentifier=name, WaiterConfig={"Delay": POLL_S, "MaxAttempts": POLLS})
    except (BotoCoreError, ClientError, WaiterError) as error:
        raise Failure(MIGRATION, f"no snapshot {name} of the database {database}: {error}") from None
    return {"snapshot": name, "restore": " ".join(restore_command(database, name))}


def restore_command(database: str, name: str) -> list[str]:
    """Return the command that makes a database of the snapshot, beside the one that is there."""
    new = ["--db-instance-identifier", f"{database}-restored", "--db-subnet-group-name", database]
    return ["aws", "rds", "restore-db-instance-from-db-snapshot", "--db-snapshot-identifier", name, *new]
