"""S3's objects, kept in files, so that logs and data outlive a restart.

Keys become paths below ``<folder>/<bucket>/``. Of a versioned object the newest version is kept.
"""

import logging
import mimetypes
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, S3Backend, s3_backends

log = logging.getLogger(__name__)
PLAIN = "/=+:@ "


class S3Files:
    """Writes every object that S3 takes to ``folder``, and reads them all back."""

    def __init__(self, folder: Path, region: str) -> None:
        self.folder, self.region = folder, region
        self._unfinished = folder.with_suffix(".unfinished")  # outside, for it is no object yet
        self._lock = threading.Lock()

    def install(self) -> None:
        """Follow every put and delete of moto's S3."""
        S3Backend.put_object = self._followed(S3Backend.put_object)
        S3Backend.delete_object = self._followed(S3Backend.delete_object)

    def restore(self) -> int:
        """Put back what is kept, in buckets of the same names; return the number of objects."""
        s3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        count = 0
        for bucket, key, path in self._kept():
            if bucket not in s3.buckets:
                s3.create_bucket(bucket, self.region)
            kind = mimetypes.guess_type(path.name)[0] or "binary/octet-stream"
            s3.put_object(bucket, key, path.read_bytes()).set_metadata({"Content-Type": kind})
            count += 1
        return count

    def _kept(self) -> Iterator[tuple[str, str, Path]]:
        for bucket in sorted(self.folder.glob("*")):
            for path in sorted(bucket.rglob("*")):
                if path.is_file():
                    yield bucket.name, unquote(path.relative_to(bucket).as_posix()), path

    def _followed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def method(backend: S3Backend, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
            result = original(backend, bucket_name, key_name, *args, **kwargs)
            with self._lock:
                self._follow(backend, bucket_name, key_name)
            return result

        return method

    def _follow(self, backend: S3Backend, bucket: str, key: str) -> None:
        """Make the file of a key what the key is now."""
        newest = backend.buckets[bucket].keys.get(key)
        kept = isinstance(newest, FakeKey)
        try:
            path = self._path(bucket, key)
            self._write(path, newest.value) if kept else path.unlink(missing_ok=True)
        except OSError as error:
            if kept:
                log.warning("s3://%s/%s will be lost with the next restart: %s", bucket, key, error)

    def _path(self, bucket: str, key: str) -> Path:
        """Return a key's file. Only one key can have it, or it would come back as another."""
        quoted = quote(key, safe=PLAIN)
        if quoted != PurePosixPath(quoted).as_posix() or {"..", "."} & {*quoted.split("/")} or quoted[0] == "/":
            raise OSError("the key is not a path")
        return self.folder / bucket / quoted

    def _write(self, path: Path, value: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._unfinished.write_bytes(value)
        self._unfinished.replace(path)
