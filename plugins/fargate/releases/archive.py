"""The code of a release: ``dags/`` and ``plugins/`` as an archive in S3, and unpacked in a folder."""

import gzip
import hashlib
import io
import logging
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from fargate import settings
from fargate.releases import record

log = logging.getLogger(__name__)

NAME = "code.tar.gz"
DAGS, PLUGINS = "dags", "plugins"


class MissingArchive(LookupError):
    """A release whose code is not in S3."""


class OtherCode(ValueError):
    """A release under whose name other code was archived."""


def make(dags: Path, plugins: Path) -> bytes:
    """Return the archive of two folders: the same bytes for the same files, whenever and wherever it is made."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, folder in ((DAGS, dags), (PLUGINS, plugins)):
            _add(tar, folder, name)
    return gzip.compress(raw.getvalue(), mtime=0)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755
    if path.is_dir():
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
        for child in sorted(path.iterdir()):
            if child.name != "__pycache__":
                _add(tar, child, f"{name}/{child.name}")
    else:
        body = path.read_bytes()
        entry.size = len(body)
        tar.addfile(entry, io.BytesIO(body))


def put(release: str, archive: bytes) -> dict[str, Any]:
    """Put the archive of a release, once.

    :raises OtherCode: when there is another one
    """
    import boto3

    s3, bucket, key = boto3.client("s3"), settings.deploy_bucket(), record.key(release, NAME)
    known = _get(s3, bucket, key)
    if known is not None and known != archive:
        raise OtherCode(
            f"s3://{bucket}/{key} has other code than this image, and runs may use it: a release is an image"
        )
    if known is None:
        s3.put_object(Bucket=bucket, Key=key, Body=archive)
    told = {"release": release, "archive": f"s3://{bucket}/{key}", "bytes": len(archive)}
    return {**told, "sha256": hashlib.sha256(archive).hexdigest(), "uploaded": known is None}


def fetch(release: str, folder: Path) -> None:
    """Unpack the code of a release into ``folder``, which is there with all of it or not at all.

    :raises MissingArchive: when it is not in S3
    """
    import boto3

    bucket, key = settings.deploy_bucket(), record.key(release, NAME)
    archive = _get(boto3.client("s3"), bucket, key)
    if archive is None:
        raise MissingArchive(
            f"the code of release {release} is not in s3://{bucket}/{key}: it was never archived, or was removed "
            f"RELEASES_KEPT_DAYS after its last run. Clear the run with 'run on latest version', or deploy that "
            f"release again"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{release}-", dir=folder.parent))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            # nothing outside the folder; Debian 12's Python 3.11.2 has no filters, and the archive is a deploy's own
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(beside)
        beside.chmod(0o755)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    log.info("Release %s was fetched from s3://%s/%s: %s bytes", release, bucket, key, len(archive))


def _get(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in record.NO_OBJECT:
            raise
        return None
    return body
