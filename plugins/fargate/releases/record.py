"""The record of a release: ``releases/RELEASE/release.json`` in the deploy bucket."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from fargate import settings

FOLDER = "releases"
NO_OBJECT = ("NoSuchKey", "404")


class UnknownRelease(LookupError):
    """A release that has no record."""


@dataclass(frozen=True)
class Record:
    """What there is of a release."""

    release: str
    digest: str
    image: str  # REPOSITORY@sha256:…
    task_definition: str  # the ARN of the worker's
    revision: str = "unknown"
    airflow: str = ""
    migration_heads: dict[str, str] = field(default_factory=dict)
    dags: dict[str, str] = field(default_factory=dict)  # the file of each DAG
    triggers: list[str] = field(default_factory=list)  # classes of triggers that its own code has
    created: str = ""

    @classmethod
    def of(cls, text: str | bytes) -> "Record":
        """Read a record; what a newer release has written besides is left out."""
        told = json.loads(text)
        return cls(**{name: told[name] for name in cls.__dataclass_fields__ if name in told})

    def text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def key(release: str, name: str = "release.json") -> str:
    """Return the key of an object of a release."""
    return f"{FOLDER}/{release}/{name}"


def read(release: str, s3: Any = None) -> Record:
    """Return the record of a release.

    :raises UnknownRelease: when there is none
    """
    if text := _get(s3 or _s3(), key(release)):
        return Record.of(text)
    raise UnknownRelease(
        f"release {release} has no record in s3://{settings.deploy_bucket()}/{key(release)}: it was never deployed, or "
        f"was removed RELEASES_KEPT_DAYS after its last run. Clear the run with 'run on latest version'"
    )


def write(record: Record) -> None:
    _put(key(record.release), record.text())


def current() -> Record | None:
    """Return the record of the release that serves; None before the first deploy."""
    text = _get(_s3(), f"{FOLDER}/current.json")
    return Record.of(text) if text else None


def serve(record: Record) -> None:
    """Say that this release is the one that serves."""
    _put(f"{FOLDER}/current.json", record.text())


def known() -> Iterator[Record]:
    """Yield the records of all releases."""
    s3 = _s3()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.deploy_bucket(), Prefix=f"{FOLDER}/")
    for entry in [entry for page in pages for entry in page.get("Contents", [])]:
        if entry["Key"].endswith("/release.json") and (text := _get(s3, entry["Key"])):
            yield Record.of(text)


def _s3() -> Any:
    import boto3  # a worker, which needs no record, does without

    return boto3.client("s3")


def _get(s3: Any, name: str) -> bytes | None:
    try:
        body: bytes = s3.get_object(Bucket=settings.deploy_bucket(), Key=name)["Body"].read()
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in NO_OBJECT:
            raise
        return None
    return body


def _put(name: str, text: str) -> None:
    s3 = _s3()
    s3.put_object(Bucket=settings.deploy_bucket(), Key=name, Body=text.encode(), ContentType="application/json")
