"""Images in ECR, as a job handles them: log in, look, name, copy."""

import base64
import json
import re
import subprocess
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.ci.stop import Stop

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/")


def digest(text: str) -> str:
    """Return a digest, taken from ``sha256:…`` or ``REPOSITORY@sha256:…``.

    :raises Stop: for a tag, and whatever else is no digest
    """
    found = text.rpartition("@")[2]
    if not DIGEST.fullmatch(found):
        raise Stop(
            2,
            f"{text!r} is no digest: a tag can come to mean another image. The job build gives IMAGE_DIGEST; of a tag, "
            "`docker buildx imagetools inspect REPOSITORY:TAG` tells it. It looks like sha256: and 64 hexadecimal "
            "digits",
        )
    return found


def login(repository: str) -> None:
    """Log docker in where a repository is in ECR; another registry has its login already."""
    found = ECR.match(repository)
    if not found:
        return
    try:
        client: Any = boto3.client("ecr", region_name=found[2])
        data = client.get_authorization_token()["authorizationData"][0]
    except (BotoCoreError, ClientError) as error:
        raise Stop(4, f"ECR gives no login: {error}. May this job's role call ecr:GetAuthorizationToken?")
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    host = repository.partition("/")[0]
    docker("login", "--username", user, "--password-stdin", host, text=password)


def there(image: str) -> bool:
    """Tell whether a registry has an image, by tag or by digest."""
    return subprocess.run(["docker", "buildx", "imagetools", "inspect", image], capture_output=True).returncode == 0


def tag(image: str, name: str) -> None:
    """Give an image of the engine's a name in a registry. Tags in ECR do not move: one that is there stays."""
    if there(name):
        return
    for command in (("tag", image, name), ("push", "--quiet", name), ("rmi", name)):
        docker(*command)


def copied(name: str) -> str:
    """Return the digest that a registry has for a name."""
    said = docker("buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", name)
    return str(json.loads(said)["digest"])


def docker(*arguments: str, text: str | None = None) -> str:
    """Run docker; return what it prints.

    :raises Stop: with what it says, when it fails
    """
    command: Sequence[str] = ("docker", *arguments)
    try:
        result = subprocess.run(command, input=text, capture_output=True, text=True)
    except FileNotFoundError:
        raise Stop(4, "docker is not installed here: the job needs its client, with buildx, and an engine")
    if result.returncode:
        raise Stop(4, f"docker {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout
