"""The image of a task: pulled from its registry at each start, as Fargate does, or the engine's own.

An image whose name has no registry, such as ``local/airflow@sha256:…``, was built on this machine
and is in no registry: the engine has it or the task does not start.
"""

import base64
import json
import re
from typing import Any

from infra.local.aws.container import CANNOT_PULL, CannotStart
from infra.local.aws.docker.engine import Engine, EngineError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def obtain(engine: Engine, name: str, passwords: dict[str, str]) -> dict[str, Any]:
    """Return what the engine knows of an image, after pulling it.

    :param passwords: of the user AWS, by registry
    :raises CannotStart: in ECS's words: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
    """
    registry = registry_of(name)
    try:
        if registry:
            _pull(engine, name, _auth(registry, passwords))
            return _inspect(engine, name)
        return _inspect(engine, digest_in(name) or name)
    except EngineError as error:
        raise CannotStart(CANNOT_PULL.format(name, error)) from error


def registry_of(name: str) -> str:
    """Return the host of the registry in an image's name, or "" when it names none."""
    host, slash, _ = name.partition("/")
    return host if slash and (set(".:") & set(host) or host == "localhost") else ""


def digest_in(name: str) -> str:
    found = DIGEST.search(name)
    return found.group() if found else ""


def digest(image: dict[str, Any], name: str) -> str:
    """Return the digest of what runs: the one in the name, or that to which its tag led."""
    repository = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    led_to = (entry.partition("@")[2] for entry in image["RepoDigests"] or () if entry.startswith(f"{repository}@"))
    return digest_in(name) or next(led_to, None) or str(image["Id"])


def _pull(engine: Engine, name: str, auth: str) -> None:
    progress = engine.call("POST", "/images/create", auth=auth, fromImage=name, **_tag(name))
    for line in progress if isinstance(progress, list) else [progress]:
        if "error" in line:
            raise EngineError(500, line["error"])


def _tag(name: str) -> dict[str, str]:
    """Without a tag the engine would pull every tag that the repository has."""
    return {} if "@" in name or ":" in name.rpartition("/")[2] else {"tag": "latest"}


def _inspect(engine: Engine, name: str) -> dict[str, Any]:
    image: dict[str, Any] = engine.call("GET", f"/images/{name}/json")
    return image


def _auth(registry: str, passwords: dict[str, str]) -> str:
    if registry not in passwords:
        return ""
    login = {"username": "AWS", "password": passwords[registry], "serveraddress": registry}
    return base64.urlsafe_b64encode(json.dumps(login).encode()).decode()
