"""Workers as containers of this checkout's image: make up RUNTIME=docker."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from infra.local.aws.docker.engine import Engine, EngineError, NoEngine
from infra.local.aws.docker.runtime import Docker, docker
from infra.local.layout import ROOT, Layout

NAME = "local/airflow"  # without a registry: nothing is pulled
MADE_OF = ("docker", "dags", "plugins")
NOT_THERE = 404


class CannotBuild(RuntimeError):
    """The image could not be built; the message says why."""


def prepare(layout: Layout) -> bool:
    """Build the image if the checkout changed, and note engine and image; tell whether it is another image.

    :raises NoEngine: where there is no engine
    :raises CannotBuild: in the words of the build
    """
    engine = Engine()
    made = {"engine": engine.address, "image": built(engine)}
    changed = made != _noted(layout)
    _note(layout).write_text(json.dumps(made))
    return changed


def image(layout: Layout) -> str:
    """Return the name of the workers' image, by digest."""
    return _noted(layout)["image"]


def used(layout: Layout) -> bool:
    """Tell whether the stack was started with containers and not taken down since."""
    return _note(layout).exists()


def runtime(layout: Layout) -> Docker:
    return docker(layout.aws, address=_noted(layout)["engine"])


def remove(layout: Layout) -> None:
    """Remove what the stack has on the engine, also what an emulator that was killed left there."""
    if used(layout):
        with suppress(NoEngine):  # with the engine its containers are gone
            runtime(layout).close()
        _note(layout).unlink()


def fingerprint(root: Path = ROOT) -> str:
    """Return what changes with each file that goes into the image."""
    digest = hashlib.sha256()
    for path in sorted(_files(root)):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_mode & 0o111}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _files(root: Path) -> Iterator[Path]:
    for folder in MADE_OF:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _note(layout: Layout) -> Path:
    return layout.run / "containers.json"


def _noted(layout: Layout) -> dict[str, str]:
    try:
        noted: dict[str, str] = json.loads(_note(layout).read_text())
    except FileNotFoundError:
        return {}
    return noted


def built(engine: Engine) -> str:
    """Return the name by digest of this checkout's image, after building it where the engine has it not.

    :raises CannotBuild: in the words of the build
    """
    name = f"{NAME}:{fingerprint()}"
    if not _digest(engine, name):
        _build(engine, name)
    found = _digest(engine, name)
    if not found:
        raise CannotBuild(f"the build ended well, but {engine.address} has no {name}")
    return f"{NAME}@{found}"


def _digest(engine: Engine, name: str) -> str | None:
    try:
        return str(engine.call("GET", f"/images/{name}/json")["Id"])
    except EngineError as error:
        if error.status != NOT_THERE:
            raise
        return None


def _build(engine: Engine, name: str) -> None:
    if not shutil.which("docker"):
        raise CannotBuild("the image is built by the command docker, which is not on PATH")
    environment = {**os.environ, "DOCKER_HOST": engine.address}
    done = subprocess.run(command(name), cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise CannotBuild(f"the image could not be built by {' '.join(command(name))}:\n{done.stderr[-3000:]}")


def command(name: str, root: Path = ROOT) -> list[str]:
    """Return what builds the image and gives it a name."""
    script = root / "scripts" / "image"
    if script.exists():
        return [str(script), "--tag", name]
    return ["docker", "build", "--file", "docker/Dockerfile", "--build-arg", "BASE_IMAGE", "--tag", name, "."]
