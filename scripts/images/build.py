"""The command that builds the image."""

import shlex
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Fargate pulls the image for every task, and unpacks zstd faster than gzip; the highest level costs a minute
# once for the packages, and nothing when a DAG changes
LAYERS = "compression=zstd,compression-level=22,force-compression=true,oci-mediatypes=true"
INDEX = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL")
AUTHORITIES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


def named(tag: str) -> str:
    return f"type=image,name={tag},{LAYERS}"


def pushing(image: str, repository: str, digest: str) -> list[list[str]]:
    """Return the commands that give a registry the image.

    A tag of ECR never moves, so its name comes from the digest; a deploy adds one of its own.
    """
    name = f"{repository}:build-{digest.removeprefix('sha256:')[:12]}"
    return [["docker", "tag", image, name], ["docker", "push", "--quiet", name], ["docker", "rmi", name]]


def command(
    output: str,
    revision: str,
    committed_at: int,
    base: str | None,
    secrets: Mapping[str, str | None],
    result: Path,
    cache: str | None = None,
) -> list[str]:
    """Return the command; the package index and its authorities come in as secrets and stay in no layer.

    :param committed_at: seconds since the epoch; a deploy refuses an image with an older commit than what serves
    :param cache: an image in a registry that holds the layers of earlier builds, and is brought up to date
    """
    created = datetime.fromtimestamp(committed_at, UTC).isoformat()
    arguments = {
        **{"REVISION": revision, "VERSION": version(), "CREATED": created},
        **({"BASE_IMAGE": base} if base else {}),
    }
    return [
        *("docker", "buildx", "build", "--file", "docker/Dockerfile", "--provenance=false"),
        *(word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")),
        *(word for name, path in secrets.items() if path for word in ("--secret", f"id={name},src={path}")),
        *(caching(cache) if cache else ()),
        *("--metadata-file", str(result), "--output", output, "."),
    ]


def caching(image: str) -> list[str]:
    """Return the options for a cache in a registry; ECR takes one that is an image itself."""
    write = f"type=registry,ref={image},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
    return ["--cache-from", f"type=registry,ref={image}", "--cache-to", write]


def version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def index_settings(environment: Mapping[str, str]) -> str:
    """Return what a shell sets to use the package index of this machine."""
    return "".join(f"{name}={shlex.quote(environment[name])}\n" for name in INDEX if environment.get(name))


def authorities(environment: Mapping[str, str]) -> str | None:
    """Return the file of authorities that this machine trusts, where it has its own."""
    return next((environment[name] for name in AUTHORITIES if environment.get(name)), None)
