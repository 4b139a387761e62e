"""The host of the proof, and what serves on it when a deploy goes wrong."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest

from tests.deploy.engine import Engine
from tests.deploy.host_under_test import ROOT, HostUnderTest
from tests.deploy.proof.site import OURS, Site
from tests.form import FULL

# minutes each
SLOW = ("all_broken_deploys", "back", "naive_order", "new_nginx", "options", "pipeline", "rotation", "upgrade")
collect_ignore = [] if FULL else [f"test_{name}.py" for name in SLOW]


@pytest.fixture(scope="session")
def nginx_image(engine: Engine, nginx_base_image: str) -> str:
    tag = "airflow-tests:nginx"
    arguments = ("--build-arg", f"BASE_IMAGE={nginx_base_image}", "--tag", tag)
    engine.run("build", "--quiet", *arguments, "--file", "docker/nginx/Dockerfile", "docker/nginx", cwd=ROOT)
    return tag


@pytest.fixture(scope="module")
def host(engine: Engine, nginx_image: str) -> Iterator[HostUnderTest]:
    """A host on which nothing is deployed yet."""
    # sockets below it have to have short names
    with patch.dict(os.environ, engine.environment), TemporaryDirectory(prefix="host-") as folder:
        host = HostUnderTest(Path(folder), f"proof-{os.getpid()}", free_ports(7))
        host.up()
        try:
            host.settings["NGINX_IMAGE"] = host.push(nginx_image)
            host.configure()
            yield host
        finally:
            host.down()


def free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody has."""
    for first in range(20000 + os.getpid() % 10000, 32000, count):
        try:
            with ExitStack() as stack:
                for port in range(first, first + count):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
        except OSError:
            continue
    raise AssertionError("no free ports")


@pytest.fixture(scope="module")
def site(host: HostUnderTest, image: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    host.configure(START_S="180", PARSE_S="180", BAKE_S="2", DRAIN_S="30", STOP_S="10")
    site = Site(host, tmp_path_factory.mktemp("site"), image)
    site.ours = site.build(OURS)
    result = site.deploy(site.ours)
    assert result.returncode == 0, result.stderr
    return site
