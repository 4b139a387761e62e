"""Another NGINX_IMAGE, under load: the deploy that brings it loses no request; one that is no nginx changes nothing."""

import json
import time
from pathlib import Path

import pytest

from tests.deploy.engine import Engine
from tests.deploy.host_under_test import HostUnderTest
from tests.deploy.proof.figures import load
from tests.deploy.proof.people import Caller
from tests.deploy.proof.site import NEW, OURS, Site, wrong

pytestmark = pytest.mark.timeout(1200)


def pushed(engine: Engine, host: HostUnderTest, nginx_image: str, name: str, line: str, folder: Path) -> str:
    """Push nginx's image with one more line, which makes it another one; return it by its digest."""
    (folder / "Dockerfile").write_text(f"FROM {nginx_image}\n{line}\n")
    tag = f"{host.name}-nginx:{name}"
    engine.run("build", "--quiet", "--tag", tag, str(folder))
    return host.push(tag)


def running(host: HostUnderTest) -> list[str]:
    """Return the images of nginx's containers."""
    which = f"label=com.docker.compose.project={host.name}-nginx"
    ids = host.docker("ps", "--all", "--quiet", "--filter", which).stdout.split()
    return host.docker("inspect", "--format", "{{.Config.Image}}", *ids).stdout.split()


def test_another_image_loses_no_request(
    engine: Engine, host: HostUnderTest, nginx_image: str, site: Site, tmp_path: Path
) -> None:
    other = pushed(engine, host, nginx_image, "other", "LABEL other=1", tmp_path)
    new, counted = site.build(NEW), tmp_path / "load.json"
    with load(host, Caller(host), 20, counted) as client:
        time.sleep(10)
        # requests of a minute are given the time that they have in production
        host.configure(**host.settings | {"NGINX_IMAGE": other, "NGINX_DRAIN_S": "130", "STOP_S": "130"})
        result = site.deploy(new)
        time.sleep(5)
        assert client.poll() is None, "the load has ended early: see load.log"
    assert result.returncode == 0, result.stderr
    assert "nginx is not what NGINX_IMAGE and nginx/compose.yml say" in result.stdout
    assert running(host) == [other]
    told = json.loads(counted.read_text())
    print(json.dumps(told, indent=2))
    assert (told["failed"], told["examples"]) == (0, [])
    assert all(kind["ok"] for kind in told["kinds"].values()), "a kind of load that asked nothing"
    assert told["writes"]["missing"] == told["writes"]["twice"] == []
    site.serves(NEW)


def test_what_runs_as_it_should_stays(host: HostUnderTest, site: Site) -> None:
    before = host.docker("ps", "--quiet", "--filter", f"name={host.name}-nginx").stdout
    result = site.deploy(site.ours)
    assert result.returncode == 0, result.stderr
    assert "another nginx" not in result.stdout + result.stderr
    assert host.docker("ps", "--quiet", "--filter", f"name={host.name}-nginx").stdout == before
    site.serves(OURS)


def test_an_image_that_does_not_start_changes_nothing(
    engine: Engine, host: HostUnderTest, nginx_image: str, site: Site, tmp_path: Path
) -> None:
    [before], settings = running(host), host.settings
    broken = pushed(engine, host, nginx_image, "broken", 'CMD ["sh", "-c", "echo no nginx here; exit 3"]', tmp_path)
    host.configure(**settings | {"NGINX_IMAGE": broken})
    try:
        wrong(site.deploy(site.build(NEW)), 9, f"the one with {broken} does not answer", "no nginx here")
    finally:
        host.configure(**settings)
    assert running(host) == [before]
    site.serves(OURS)
