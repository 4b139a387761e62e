"""The data lake: a bucket, written to only where something changes."""

import hashlib
import json
import mimetypes
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

THREADS = 8


class Lake:
    """A bucket. Keys are strings, bodies bytes; to read an absent key gives None and no error."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self._s3 = boto3.client("s3")

    def find(self, prefix: str) -> dict[str, str]:
        """Return {key: ETag} of all objects whose key begins with ``prefix``."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {entry["Key"]: entry["ETag"].strip('"') for page in pages for entry in page.get("Contents", [])}

    def read(self, key: str) -> bytes | None:
        try:
            body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if _absent(error):
                return None
            raise
        return body

    def read_json(self, key: str, default: Any = None) -> Any:
        body = self.read(key)
        return default if body is None else json.loads(body)

    def write(self, key: str, body: bytes) -> bool:
        """Write an object unless it is there with the same bytes; tell whether it was written."""
        if self._etag(key) == hashlib.md5(body, usedforsecurity=False).hexdigest():
            return False
        kind = mimetypes.guess_type(key)[0] or "binary/octet-stream"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=kind)
        return True

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        """Fetch objects side by side into ``folder``, below their own keys; return the paths."""
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(lambda key: self._download(key, folder), keys))

    def upload(self, folder: Path, prefix: str) -> Iterator[bool]:
        """Write every file below ``folder`` to ``prefix``; tell for each whether it changed."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        with ThreadPoolExecutor(THREADS) as pool:
            keys = (f"{prefix}{path.relative_to(folder).as_posix()}" for path in files)
            yield from pool.map(lambda key, path: self.write(key, path.read_bytes()), keys, files)

    def url(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def _download(self, key: str, folder: Path) -> Path:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._s3.download_file(self.bucket, key, str(path))
        except ClientError as error:
            if _absent(error):  # AWS's own message does not say which one
                raise FileNotFoundError(f"{self.url(key)} is not there") from None
            raise
        return path

    def _etag(self, key: str) -> str | None:
        try:
            etag: str = self._s3.head_object(Bucket=self.bucket, Key=key)["ETag"]
        except ClientError as error:
            if _absent(error):
                return None
            raise
        return etag.strip('"')


def _absent(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in ("NoSuchKey", "404")
