"""Deploys that go wrong: each leaves the old release serving, says what is wrong, and has an exit code of its own.

Five of them; test_all_broken_deploys.py has the others.
"""

import signal
from collections.abc import Iterator

import pytest

from tests.deploy.proof.site import NEW, OURS, SLEEPS, Site, until, wrong

pytestmark = pytest.mark.timeout(600)

DIES = "import os, sys\nif {process!r} in sys.argv:\n    os._exit(3)\n"


@pytest.fixture(autouse=True)
def _ours_serves(site: Site) -> Iterator[None]:
    """After each test: nothing that went wrong has touched what serves."""
    yield
    site.serves(OURS)


def test_an_image_that_does_not_exist(site: Site) -> None:
    missing = f"{site.host.repository}@sha256:{'0' * 64}"
    wrong(site.deploy(missing), 5, "there is no image", missing)


def test_a_dag_that_cannot_be_imported(site: Site) -> None:
    broken = site.build(NEW, dags__broken="import airflow  # and a dag\nraise ValueError('a mistake in a DAG')")
    wrong(site.deploy(broken), 7, "broken.py", "a mistake in a DAG")


def test_an_image_that_crashes(site: Site) -> None:
    broken = site.build(NEW, plugins__crash=DIES.format(process="api-server"))
    wrong(site.deploy(broken), 8, "api-server of", "ended before it was healthy", "exit code 3")


def test_a_scheduler_that_never_gets_healthy(site: Site) -> None:
    broken = site.build(NEW, plugins__sleep=SLEEPS.format(process="scheduler"))
    usual = site.host.settings
    site.host.configure(**usual | {"START_S": "45"})
    try:
        wrong(site.deploy(broken), 10, "scheduler of", "after 45 s", "back to")
    finally:
        site.host.configure(**usual)
    until(site.healthy)  # its dag-processor had stopped for the new one's, and has to import everything again


def test_two_at_once_and_one_that_is_killed(site: Site) -> None:
    image = site.build(NEW)
    first = site.host.start("deploy.sh", image)
    until(lambda: site.step() == "api-server")
    wrong(site.deploy(image), 3, "another deploy")
    first.send_signal(signal.SIGKILL)
    first.wait()
    # whoever comes next puts things right; that this one is refused does not matter
    until(lambda: site.deploy(f"{site.host.repository}@sha256:{'0' * 64}").returncode == 5, within=90)
