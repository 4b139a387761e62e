"""Restore the database's backup into a second instance, look into it, and delete it again.

A backup is one when it has been restored. This takes the newest snapshot (or --snapshot, or a point
in time: --at, --latest), waits for the instance that RDS makes of it, logs in as Airflow does, and
compares what is there with the database that runs: the schema, its tables, and the newest DAG run of
that time. Then the instance is deleted, also when the drill fails or is interrupted. It costs the
price of an instance for less than an hour, and disturbs nobody.

It is in neither the image nor the files of a host: it runs from a checkout whose three files were taken
to a host, which reaches the database, in the release's image, with credentials of an administrator or of
a role that may restore, and delete DATABASE-drill-*. The host's own role may not. infra/README.md has the
commands and the rights ("Whether a backup can be restored").

exit codes: 0 the backup is whole, 1 it is not, 2 wrong usage, 3 nothing to restore from, 4 AWS refused
it, 5 it took longer than --timeout, 6 the instance is left over: the message has the command to delete it.

example: scripts/restore_drill airflow-production
         scripts/restore_drill airflow-production --at 2026-11-21T03:00:00Z
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.rds_restore import Backup, CannotRestore, LeftOver, Restored, TookTooLong, backup_at, newest_snapshot
from scripts.restored_database import Broken, Database, compare


class Exit(IntEnum):
    WHOLE, BROKEN, USAGE, NOTHING, REFUSED, TIMEOUT, LEFT_OVER = range(7)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    begun = time.monotonic()
    try:
        drill(options)
    except (CannotRestore, Broken, TookTooLong, LeftOver, ClientError, BotoCoreError) as error:
        say(f"failed after {duration(time.monotonic() - begun)}: {error}", sys.stderr)
        return code_of(error)
    except KeyboardInterrupt:
        say("interrupted", sys.stderr)
        return 128 + signal.SIGINT
    say(f"the backup is whole; the drill took {duration(time.monotonic() - begun)}")
    return Exit.WHOLE


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    usage, _, epilog = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="scripts/restore_drill",
        description=usage,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("database", help="the identifier of the database, NAME-ENVIRONMENT")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--snapshot", metavar="ID", help="this snapshot, instead of the newest")
    source.add_argument("--at", type=moment, metavar="TIME", help="a point in time, ISO 8601 with its zone")
    source.add_argument("--latest", action="store_true", help="the latest point in time, some minutes ago")
    parser.add_argument("--secret", metavar="NAME", help="secret with the database's URL (DATABASE/database-url)")
    stage = "version of the secret that the backup's password has; AWSPREVIOUS when it was rotated since (%(default)s)"
    parser.add_argument("--stage", default="AWSCURRENT", help=stage)
    parser.add_argument("--keep", action="store_true", help="do not delete the instance, and say how to")
    parser.add_argument("--timeout", type=float, default=5400, metavar="S", help="seconds to wait (%(default)s)")
    parser.add_argument("--region", default=os.environ.get("AWS_DEFAULT_REGION"), help="AWS_DEFAULT_REGION")
    return parser.parse_args(arguments)


def moment(text: str) -> datetime:
    """Read a point in time; one without a zone would be ambiguous."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = datetime.min
    if read.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time with a zone, such as 2026-11-21T03:00:00Z")
    return read.astimezone(UTC)


def drill(options: argparse.Namespace) -> None:
    rds = boto3.client("rds", region_name=options.region)
    secrets = boto3.client("secretsmanager", region_name=options.region)
    backup = choose(rds, options)
    secret = options.secret or f"{options.database}/database-url"
    running, theirs = Database(url(secrets, secret)), url(secrets, secret, options.stage)
    say(f"restoring {backup.name} of {backup.taken:%Y-%m-%d %H:%M:%S} UTC")
    with Restored(rds, options.database, backup, keep=options.keep, tell=say) as restored:
        restored.wait(options.timeout)
        for line in compare(running, Database(theirs).at(restored.host), backup.taken):
            say(line)


def choose(rds: Any, options: argparse.Namespace) -> Backup:
    if options.at or options.latest:
        return backup_at(rds, options.database, options.at)
    return newest_snapshot(rds, options.database, options.snapshot)


def url(secrets: Any, name: str, stage: str = "AWSCURRENT") -> str:
    return str(secrets.get_secret_value(SecretId=name, VersionStage=stage)["SecretString"])


def code_of(error: Exception) -> Exit:
    """Return the exit code for what went wrong."""
    codes: dict[type[Exception], Exit] = {
        CannotRestore: Exit.NOTHING,
        Broken: Exit.BROKEN,
        TookTooLong: Exit.TIMEOUT,
        LeftOver: Exit.LEFT_OVER,
    }
    return codes.get(type(error), Exit.REFUSED)


def say(text: str, file: Any = None) -> None:
    print(f"==> {text}", file=file or sys.stdout, flush=True)


def duration(seconds: float) -> str:
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
