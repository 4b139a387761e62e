"""Build the image of this checkout and tell its digest and its layers.

usage: scripts/image [--tag NAME]           into the engine, as NAME (airflow:local)
       --push REPOSITORY                    and into a registry; prints REPOSITORY@sha256:…
       --cache IMAGE                        take layers of earlier builds from there, and leave those of this one
       --sbom                               list what is in it in .local/sbom.json (CycloneDX)

BASE_IMAGE is the image to start from, python:3.12-slim without it; where that cannot be pulled,
docker/base/build makes one. The engine keeps its images in containerd's store (Docker's own store knows no zstd).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.images import build, layers, sbom

ROOT = Path(__file__).resolve().parents[1]
SBOM = ROOT / ".local" / "sbom.json"


class Failed(RuntimeError):
    """What is wrong and what to do, for the user."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/image", usage=(__doc__ or "").partition("usage: ")[2])
    parser.add_argument("--tag", default="airflow:local")
    parser.add_argument("--push", metavar="REPOSITORY")
    parser.add_argument("--cache", metavar="IMAGE")
    parser.add_argument("--sbom", action="store_true")
    options = parser.parse_args(arguments)
    try:
        check_engine()
        digest = built(build.named(options.tag), options.cache)
        image = f"{options.push}@{digest}" if options.push else digest
        print(layers.table(layers.of(options.tag)))
        if options.push and not there(image):
            push(options.tag, options.push, digest)
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.sbom:
        SBOM.parent.mkdir(exist_ok=True)
        SBOM.write_text(sbom.of(options.tag, digest))
        print(f"==> {SBOM.relative_to(ROOT)}")
    print(image)
    return 0


def check_engine() -> None:
    info = subprocess.run(["docker", "info", "--format", "{{json .DriverStatus}}"], capture_output=True, text=True)
    if info.returncode:
        raise Failed(f"no Docker engine answers: {info.stderr.strip()}")
    if "io.containerd.snapshotter" not in info.stdout:
        raise Failed(
            "the engine keeps images in Docker's own store, which cannot hold zstd layers. Docker 24 or later: put "
            '{"features": {"containerd-snapshotter": true}} into /etc/docker/daemon.json and restart it'
        )


def built(output: str, cache: str | None = None) -> str:
    """Build for an output of buildx; return the digest."""
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        index, result = Path(folder, "index"), Path(folder, "result.json")
        index.touch(0o600)
        index.write_text(build.index_settings(os.environ))
        secrets = {"ca": build.authorities(os.environ), "index": str(index)}
        committed_at = git("log", "-1", "--format=%ct") or "0"
        base = os.environ.get("BASE_IMAGE")
        command = build.command(output, revision(), int(committed_at), base, secrets, result, cache)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": committed_at}
        if subprocess.run(command, cwd=ROOT, env=environment).returncode:
            raise Failed("the image was not built; the reason stands above")
        return str(json.loads(result.read_text())["containerimage.digest"])


def there(image: str) -> bool:
    """Tell whether the registry has it: what did not change was pushed before."""
    return subprocess.run(["docker", "buildx", "imagetools", "inspect", image], capture_output=True).returncode == 0


def push(tag: str, repository: str, digest: str) -> None:
    for command in build.pushing(tag, repository, digest):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise Failed(f"{' '.join(command)}: {result.stderr.strip()}")


def revision() -> str:
    """Return the commit, and whether something was changed after it; `unknown` outside of git."""
    return git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*") or "unknown"


def git(*arguments: str) -> str:
    result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return "" if result.returncode else result.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
