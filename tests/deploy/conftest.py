"""An engine, the image of this checkout and a registry, for all tests that deploy."""

import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.deploy.engine import Engine
from tests.deploy.engine import engine as have_engine
from tests.deploy.packages import Unavailable
from tests.deploy.registry import Registry
from tests.deploy.registry import registry as have_registry

ROOT = Path(__file__).resolve().parents[2]
STOCK = "python:3.12-slim"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        with have_engine() as found:
            yield found
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    """Return what the image is built on: BASE_IMAGE, Docker's own Python, or one of Debian packages."""
    given = os.environ.get("BASE_IMAGE") or STOCK
    if engine.run("image", "inspect", given, check=False).returncode == 0 or pulled(engine, given):
        return given
    return made(engine, "python")


@pytest.fixture(scope="session")
def nginx_base_image(engine: Engine) -> str:
    return made(engine, "nginx")


def pulled(engine: Engine, image: str) -> bool:
    try:
        return engine.run("pull", "--quiet", image, check=False, timeout=60).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def made(engine: Engine, kind: str) -> str:
    """Return a base image made of Debian packages, once for what makes it."""
    script = ROOT / "docker" / "base" / "build"
    tag = f"{kind}-base:{sha256(script.read_bytes()).hexdigest()[:12]}"
    if engine.run("image", "inspect", tag, check=False).returncode:
        run(engine, str(script), kind, tag)
    return tag


@pytest.fixture(scope="session")
def image(engine: Engine, request: pytest.FixtureRequest) -> str:
    """Return the image of this checkout, or the one that TEST_IMAGE names."""
    if given := os.environ.get("TEST_IMAGE"):
        return given
    tag = "airflow-tests:checkout"
    build_image(engine, request.getfixturevalue("base_image"), "--tag", tag)
    return tag


def build_image(engine: Engine, base_image: str, *arguments: str, root: Path = ROOT) -> str:
    """Build the image of a checkout; return the last line of what is said, the image by digest."""
    python = str(ROOT / ".local" / "venv" / "bin" / "python")
    environment = {"BASE_IMAGE": base_image, "PYTHONPATH": str(root)}
    return run(engine, python, "-m", "scripts.image", *arguments, cwd=root, **environment).splitlines()[-1]


def run(engine: Engine, *command: str, cwd: Path = ROOT, **environment: str) -> str:
    given = {**engine.environment, **environment}
    result = subprocess.run(command, env=given, cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, f"{command}: {result.stdout[-2000:]}{result.stderr[-4000:]}"
    return result.stdout


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    try:
        with have_registry() as found:
            yield found
    except Unavailable as reason:
        pytest.skip(str(reason))
