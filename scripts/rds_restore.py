"""A database instance that is made of a backup, and deleted at the end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

EVERY_S = 15
SAY_EVERY_S = 60
# states that no waiting ends: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
HOPELESS = ("failed", "inaccessible-encryption-credentials", "restore-error", "storage-full")


class CannotRestore(RuntimeError):
    """There is nothing to restore from; the message says why."""


class TookTooLong(RuntimeError):
    """The instance could not be used within the time."""


class LeftOver(RuntimeError):
    """The instance could not be deleted; the message has the command to delete it."""


@dataclass(frozen=True)
class Backup:
    """What is restored: of which time, and the arguments of RDS's call that name it."""

    name: str
    taken: datetime
    call: str
    arguments: dict[str, Any] = field(default_factory=dict)


def newest_snapshot(rds: Any, database: str, wanted: str | None = None) -> Backup:
    """Return the newest snapshot of a database that can be used, or the one that is wanted."""
    pages = rds.get_paginator("describe_db_snapshots").paginate(DBInstanceIdentifier=database)
    snapshots = [shot for page in pages for shot in page["DBSnapshots"] if shot["Status"] == "available"]
    if wanted:
        snapshots = [shot for shot in snapshots if shot["DBSnapshotIdentifier"] == wanted]
    if not snapshots:
        which = f"snapshot {wanted}" if wanted else "snapshot"
        raise CannotRestore(f"{database} has no {which} that can be used. --latest restores from the log instead")
    newest = max(snapshots, key=lambda shot: shot["SnapshotCreateTime"])
    name = newest["DBSnapshotIdentifier"]
    return Backup(
        f"snapshot {name}",
        newest["SnapshotCreateTime"].astimezone(UTC),
        "restore_db_instance_from_db_snapshot",
        {"DBSnapshotIdentifier": name},
    )


def backup_at(rds: Any, database: str, at: datetime | None) -> Backup:
    """Return a point in time of a database, the latest possible one without ``at``."""
    latest = instance(rds, database).get("LatestRestorableTime")
    if not latest:
        raise CannotRestore(f"{database} has no automated backups: set database_backup_days to 1 or more")
    if at and at > latest:
        raise CannotRestore(f"{database} can be restored to {latest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} at the latest")
    which = {"RestoreTime": at} if at else {"UseLatestRestorableTime": True}
    taken = (at or latest).astimezone(UTC)
    arguments = {"SourceDBInstanceIdentifier": database, **which}
    return Backup("the state", taken, "restore_db_instance_to_point_in_time", arguments)


def instance(rds: Any, name: str) -> dict[str, Any]:
    return dict(rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])


def drill_name(database: str, now: datetime) -> str:
    """Return a name for the second instance. By its beginning a role's right to delete can be kept from the first."""
    return f"{database}-drill-{now:%y%m%d%H%M%S}"


def like(original: dict[str, Any], backup: Backup, name: str) -> dict[str, Any]:
    """Return the arguments that make an instance of a backup in the original's place in the network."""
    target = "DBInstanceIdentifier" if "DBSnapshotIdentifier" in backup.arguments else "TargetDBInstanceIdentifier"
    return {
        **backup.arguments,
        target: name,
        "DBInstanceClass": original["DBInstanceClass"],
        "DBSubnetGroupName": original["DBSubnetGroup"]["DBSubnetGroupName"],
        "DBParameterGroupName": original["DBParameterGroups"][0]["DBParameterGroupName"],
        "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in original["VpcSecurityGroups"]],
        "PubliclyAccessible": False,
        "MultiAZ": False,
        "DeletionProtection": False,
        "AutoMinorVersionUpgrade": False,
        "Tags": [{"Key": "Purpose", "Value": "restore-drill"}],
    }


class Restored:
    """The instance while it is needed: ``with`` begins to make it, and deletes it at the end, whatever happens."""

    def __init__(self, rds: Any, database: str, backup: Backup, keep: bool, tell: Callable[[str], None]) -> None:
        self._rds, self._backup, self._keep, self._tell = rds, backup, keep, tell
        self._original = instance(rds, database)
        self.name = drill_name(database, datetime.now(UTC))
        self.host = ""

    def __enter__(self) -> "Restored":
        getattr(self._rds, self._backup.call)(**like(self._original, self._backup, self.name))
        return self

    def __exit__(self, *_: object) -> None:
        if self._keep:
            self._tell(f"{self.name} is kept, and costs; delete it: {self._deletion}")
            return
        try:
            self._rds.delete_db_instance(
                DBInstanceIdentifier=self.name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
            )
        except ClientError as error:
            raise LeftOver(f"{self.name} could not be deleted ({error}). Delete it: {self._deletion}") from error
        self._tell(f"{self.name} is being deleted")

    @property
    def _deletion(self) -> str:
        return f"aws rds delete-db-instance --db-instance-identifier {self.name} --skip-final-snapshot"

    def wait(self, seconds: float) -> None:
        """Wait until it can be used, and tell each state and each minute."""
        begun = told = time.monotonic()
        state = ""
        while True:
            now, before = instance(self._rds, self.name), state
            state, passed = now["DBInstanceStatus"], time.monotonic() - begun
            if state != before or time.monotonic() - told >= SAY_EVERY_S:
                told = time.monotonic()
                self._tell(f"{passed // 60:3.0f} min {passed % 60:2.0f} s  {self.name}: {state}")
            if state == "available":
                self.host = now["Endpoint"]["Address"]
                return
            if state in HOPELESS or state.startswith("incompatible-") or passed > seconds:
                raise TookTooLong(f"{self.name} is {state} after {passed:.0f} s")
            time.sleep(EVERY_S)
