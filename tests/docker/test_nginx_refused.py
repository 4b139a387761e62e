"""A real nginx that refuses what it is given, or cannot take it up: what served before goes on."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docker.ask import ask
from tests.docker.proxy import ROOT, Proxy


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "docker" / "nginx", tmp_path / "templates"))


@pytest.fixture
def proxy(make_proxy: Callable[..., Proxy], templates: Path) -> Proxy:
    return make_proxy(NGINX_TEMPLATES=str(templates), NGINX_SWITCH_S="4")


def _serves_blue(proxy: Proxy) -> bool:
    return proxy.call("nginx_colour").stdout == "blue\n" and ask(proxy, "/api/v2/dags").status == 200


def test_a_broken_file_is_refused(proxy: Proxy, templates: Path) -> None:
    before = os.readlink(proxy.folder / "nginx" / "live")
    with (templates / "health.inc.template").open("a") as file:
        file.write("no_such_directive;\n")
    done = proxy.call("nginx_switch green", check=False)
    assert (done.returncode, "no_such_directive" in done.stderr) == (9, True)
    assert _serves_blue(proxy)
    assert os.readlink(proxy.folder / "nginx" / "live") == before


def test_what_nginx_does_not_take_up_is_taken_back(proxy: Proxy, templates: Path) -> None:
    """A port that somebody else has: nginx -t finds nothing wrong, and the reload fails after 2.5 s."""
    before = os.readlink(proxy.folder / "nginx" / "live")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        conf = templates / "nginx.conf.template"
        more = f"  server {{\n    listen 127.0.0.1:{taken.getsockname()[1]};\n  }}\n}}\n"
        conf.write_text(conf.read_text().rstrip().removesuffix("}") + more)
        done = proxy.call("nginx_switch green", check=False)
    assert done.returncode == 9
    assert "did not take up green within 4 s" in done.stderr
    assert _serves_blue(proxy)
    assert os.readlink(proxy.folder / "nginx" / "live") == before
    # and the next switch, with nothing wrong, is like any other
    shutil.copy(ROOT / "docker" / "nginx" / "nginx.conf.template", conf)
    proxy.call("nginx_switch green; nginx_drain 5")
    assert proxy.call("nginx_colour").stdout == "green\n"


def test_a_switch_wants_nginx_to_run(proxy: Proxy) -> None:
    proxy.stop()
    done = proxy.call("nginx_switch green", check=False)
    assert (done.returncode, "call nginx_start" in done.stderr) == (9, True)
