"""nginx with the repository's configuration in front of two stand-ins for api-servers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.ports import free_port
from tests.docker.colours import Colours
from tests.docker.proxy import Proxy, binary


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Colours]:
    if not binary():
        pytest.skip("no nginx from 1.27.4 on: run tests/docker/get-nginx (unpacks Debian's into .local)")
    both = Colours(tmp_path_factory.mktemp("colours") / "store")
    try:
        both.start("blue")
        yield both
    finally:
        both.kill()


@pytest.fixture(scope="module")
def make_proxy(colours: Colours, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Proxy]]:
    """Start one more nginx, with settings of its own."""
    with ExitStack() as stack:

        def make(**settings: str) -> Proxy:
            ports = {f"{name.upper()}_PORT": port for name, port in colours.ports.items()}
            ports |= {"HTTPS_PORT": free_port(), "HTTP_PORT": free_port()}
            folder: Path = tmp_path_factory.mktemp("nginx")
            folder.chmod(0o755)
            proxy = Proxy(folder, ports, settings)
            stack.callback(proxy.stop)
            proxy.start("blue")
            return proxy

        yield make
