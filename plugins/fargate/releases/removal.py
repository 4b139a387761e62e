"""Removes releases that nothing needs any more: archive, task definition and image together."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import boto3

from fargate import settings
from fargate.releases import archive, definition, needed, record
from fargate.releases.needed import Need
from fargate.releases.record import Record

log = logging.getLogger(__name__)

ROLLBACK = 2  # the newest stay, be they needed or not: what serves, and what one goes back to


def remove_old(now: datetime | None = None) -> list[str]:
    """Remove the releases that no run has needed for RELEASES_KEPT_DAYS; return their names.

    :raises OldNeeds: when nobody has said for an hour what runs need
    """
    known = list(record.known())
    if not known:
        return []  # nothing was ever deployed here
    now = now or datetime.now(UTC)
    serving = record.current()
    oldest = now - timedelta(days=settings.releases_kept_days())
    old = expired(known, needed.read(now), serving.release if serving else None, oldest)
    staying = {each.digest for each in known if each not in old}
    for each in old:
        remove(each, with_image=each.digest not in staying)
        log.info("Release %s was removed: archive, task definition and image", each.release)
    return [each.release for each in old]


def expired(known: Iterable[Record], needs: dict[str, Need], serving: str | None, oldest: datetime) -> list[Record]:
    """Return the releases that were last needed, or made, before ``oldest``."""
    newest_first = sorted(known, key=lambda each: each.created, reverse=True)
    kept = {serving, *(each.release for each in newest_first[:ROLLBACK])}
    return [each for each in newest_first if each.release not in kept and _last_needed(each, needs) < oldest]


def _last_needed(each: Record, needs: dict[str, Need]) -> datetime:
    made = datetime.fromisoformat(each.created)
    need = needs.get(each.release)
    if need and need.unfinished:
        return datetime.max.replace(tzinfo=UTC)
    return max(made, need.last_needed) if need else made


def remove(each: Record, with_image: bool = True) -> None:
    """Remove a release, its record last: what was left undone is found and done the next time."""
    s3, bucket = boto3.client("s3"), settings.deploy_bucket()
    s3.delete_object(Bucket=bucket, Key=record.key(each.release, archive.NAME))
    definition.remove(each.task_definition)
    if with_image:
        _remove_image(each.image)
    s3.delete_object(Bucket=bucket, Key=record.key(each.release))


def _remove_image(image: str) -> None:
    """Delete an image from the registry by its digest, with all of its tags; one that is gone is no error."""
    repository, _, digest = image.partition("@")
    name = repository.partition("/")[2]
    boto3.client("ecr").batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
