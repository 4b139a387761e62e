"""Build the image, push it, and say which one it is for the jobs that follow.

usage: scripts/ci/build [ENVIRONMENT]     into the repository of staging, or of another environment

Writes build.env, whose lines later jobs have as variables: IMAGE (REPOSITORY@sha256:…), IMAGE_DIGEST, and
IMAGE_ENVIRONMENT. IMAGE_REPOSITORY is another repository to push to, and IMAGE_CACHE another image for the layers that
the next build may take.
"""

import os
import subprocess
import sys
from pathlib import Path

from scripts.ci import identity, registry
from scripts.ci.place import Place
from scripts.ci.stop import Stop, told

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build.env"
LOCAL = "airflow:build"


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print((__doc__ or "").strip())
        return 0 if len(arguments) == 1 else 2
    return told(lambda: build(arguments[0] if arguments else "staging"))


def build(environment: str) -> None:
    place = Place.read(environment)
    repository = os.environ.get("IMAGE_REPOSITORY") or place.repository
    with identity.role(place.role("ci-deploy"), place.region):
        registry.login(repository)
        image = built(repository, os.environ.get("IMAGE_CACHE") or place.cache)
        if commit := os.environ.get("CI_COMMIT_SHA"):
            registry.tag(LOCAL, f"{repository}:commit-{commit[:12]}")
    RESULT.write_text(dotenv(image, environment))
    print(RESULT.read_text(), end="")


def built(repository: str, cache: str) -> str:
    """Run scripts/image; return the last of its lines, which is the image by its digest."""
    command = [str(ROOT / "scripts" / "image"), "--tag", LOCAL, "--sbom", "--push", repository, "--cache", cache]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip()
    if process.returncode:
        raise Stop(process.returncode, "the image was not built: see above")
    registry.digest(last)
    return last


def dotenv(image: str, environment: str) -> str:
    """Return the lines of a report of type dotenv."""
    values = {"IMAGE": image, "IMAGE_DIGEST": registry.digest(image), "IMAGE_ENVIRONMENT": environment}
    return "".join(f"{name}={value}\n" for name, value in values.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
