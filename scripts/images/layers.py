"""The layers of an image, as a registry keeps them."""

import json
import subprocess
import tarfile
from typing import Any, NamedTuple


class Layer(NamedTuple):
    digest: str
    size: int
    media_type: str


def of(image: str) -> list[Layer]:
    """Return the layers of an image that the engine has."""
    manifests: dict[str, dict[str, Any]] = {}
    process = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
    with process, tarfile.open(fileobj=process.stdout, mode="r|") as archive:
        for member in archive:
            if member.isfile() and member.size < 1 << 20:  # no layer of weight
                manifests[member.name] = parsed(archive.extractfile(member).read())  # type: ignore[union-attr]
    manifest = manifests["index.json"]
    while "manifests" in manifest:
        manifest = manifests["blobs/" + manifest["manifests"][0]["digest"].replace(":", "/")]
    return [Layer(layer["digest"], layer["size"], layer["mediaType"]) for layer in manifest["layers"]]


def parsed(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def table(layers: list[Layer]) -> str:
    lines = [f"{layer.digest[:19]}  {layer.size / 1e6:8.2f} MB" for layer in layers]
    return "\n".join([*lines, f"compressed           {sum(layer.size for layer in layers) / 1e6:8.2f} MB"])
