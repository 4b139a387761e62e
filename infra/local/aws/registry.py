"""A registry's manifests, over the API that ``docker push`` and ``docker pull`` use.

https://distribution.github.io/distribution/spec/api/
"""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Manifest:
    """A manifest, byte for byte: its digest is that of its text."""

    text: str
    media_type: str

    @classmethod
    def of(cls, text: str, media_type: str | None) -> "Manifest":
        return cls(text, media_type or json.loads(text)["mediaType"])

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"

    @property
    def size(self) -> int:
        """Return the bytes of what it names; of an index, those of its manifests only."""
        parsed = json.loads(self.text)
        parts = [parsed.get("config", {}), *parsed.get("layers", ()), *parsed.get("manifests", ())]
        return sum(part.get("size", 0) for part in parts)


class Registry:
    """A registry without TLS on this machine, as the user AWS."""

    def __init__(self, host: str, password: str) -> None:
        self.host, self.password = host, password

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """Return the manifest of a tag or digest, if there is one."""
        found = self._call("GET", f"{repository}/manifests/{reference}", Accept=",".join(MEDIA_TYPES))
        return Manifest(found.read().decode(), found.headers["Content-Type"]) if found else None

    def put(self, repository: str, reference: str, manifest: Manifest) -> None:
        path = f"{repository}/manifests/{reference}"
        if not self._call("PUT", path, manifest.text.encode(), **{"Content-Type": manifest.media_type}):
            raise LookupError(f"{self.host} has no {repository}")

    def delete(self, repository: str, digest: str) -> bool:
        """Delete an image with its tags; tell whether it was there."""
        return self._call("DELETE", f"{repository}/manifests/{digest}") is not None

    def tags(self, repository: str) -> dict[str, str]:
        """Return the digest of each tag."""
        found = self._call("GET", f"{repository}/tags/list")
        names = (json.load(found)["tags"] or []) if found else []
        manifests = {name: self.manifest(repository, name) for name in sorted(names)}
        return {name: manifest.digest for name, manifest in manifests.items() if manifest}

    def _call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        """Return the answer, or None when the registry says that there is no such thing."""
        login = base64.b64encode(f"AWS:{self.password}".encode()).decode()
        headers["Authorization"] = f"Basic {login}"
        request = urllib.request.Request(f"http://{self.host}/v2/{path}", body, headers, method=method)
        try:
            return DIRECT.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
