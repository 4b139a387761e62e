"""An engine, the image of this checkout and a registry, for all tests that deploy."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy import base_images
from tests.deploy.engine import Engine
from tests.deploy.engine import engine as have_engine
from tests.deploy.packages import Unavailable
from tests.deploy.registry import Registry
from tests.deploy.registry import registry as have_registry

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        with have_engine() as found:
            yield found
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    return _or_skip(base_images.python, engine)


@pytest.fixture(scope="session")
def nginx_base_image(engine: Engine) -> str:
    return _or_skip(base_images.made, engine, "nginx")


def _or_skip(make: Callable[..., str], *arguments: object) -> str:
    try:
        return make(*arguments)
    except Unavailable as reason:
        pytest.skip(str(reason))


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
    return base_images.run(engine, python, "-m", "scripts.image", *arguments, cwd=root, **environment).splitlines()[-1]


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    try:
        with have_registry() as found:
            yield found
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def user(engine: Engine, registry: Registry, tmp_path: Path) -> Engine:
    """The engine, logged in at the registry."""
    config = tmp_path / "config"
    config.mkdir()
    return registry.login(engine, config)
