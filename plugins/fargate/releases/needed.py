"""Which releases runs still need: ``releases/needed.json``, from the database to those who cannot reach it."""

import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import psycopg2
from botocore.config import Config

from fargate import settings, turn
from fargate.releases.record import FOLDER

log = logging.getLogger(__name__)

KEY = f"{FOLDER}/needed.json"
EVERY_S = 60.0
OLD = timedelta(hours=1)
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
# a run that was cleared is unfinished again, and one that never started has only the time it was made at
QUERY = """
    SELECT bundle_version,
           count(*) FILTER (WHERE state IN ('queued', 'running')),
           max(CASE WHEN state IN ('queued', 'running') THEN now() ELSE coalesce(end_date, created_at, run_after) END)
    FROM dag_run WHERE bundle_version IS NOT NULL GROUP BY bundle_version ORDER BY bundle_version
"""


class OldNeeds(LookupError):
    """A needed.json that nobody has written for long, or ever: what it says may be wrong by now."""


@dataclass(frozen=True)
class Need:
    """What runs need of a release."""

    release: str
    unfinished: int
    last_needed: datetime

    def told(self) -> dict[str, Any]:
        return {"release": self.release, "unfinished": self.unfinished, "last_needed": self.last_needed.isoformat()}


def ask(url: str) -> list[Need]:
    """Return what the runs in the database need."""
    connection = psycopg2.connect(**turn.address(url), connect_timeout=10, options="-c statement_timeout=30000")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(QUERY)
            return [Need(*row) for row in cursor.fetchall()]
    finally:
        connection.close()


def keep_writing() -> None:
    """Write the file every minute. What fails is logged, and tried again the next minute."""
    while True:
        try:
            write(ask(settings.direct_database()))
        except Exception as error:
            log.warning("%s was not written, and housekeeping waits for it: %s", KEY, error)
        time.sleep(EVERY_S)


def write(needs: list[Need]) -> None:
    body = {"written": datetime.now(UTC).isoformat(), "releases": [need.told() for need in needs]}
    s3 = boto3.client("s3", config=QUICK)
    s3.put_object(Bucket=settings.deploy_bucket(), Key=KEY, Body=json.dumps(body).encode())


def read(now: datetime) -> dict[str, Need]:
    """Return what was written within the last hour.

    :raises OldNeeds: when nothing was
    """
    s3, bucket = boto3.client("s3"), settings.deploy_bucket()
    try:
        told = json.loads(s3.get_object(Bucket=bucket, Key=KEY)["Body"].read())
    except s3.exceptions.NoSuchKey:
        raise OldNeeds(f"s3://{bucket}/{KEY} is not there: does a dag-processor run, with FARGATE_RELEASE?") from None
    if now - datetime.fromisoformat(told["written"]) > OLD:
        raise OldNeeds(f"s3://{bucket}/{KEY} was written at {told['written']}: does the dag-processor run?")
    needs = [Need(**need | {"last_needed": datetime.fromisoformat(need["last_needed"])}) for need in told["releases"]]
    return {need.release: need for need in needs}
