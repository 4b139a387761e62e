"""The deploys that go wrong and take long: TESTS=full. At every step one is killed, and the next one heals it."""

import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.host_under_test import PREFIX
from tests.deploy.proof.people import Caller
from tests.deploy.proof.site import NEW, OURS, Site, until, wrong

pytestmark = pytest.mark.timeout(600)

STEPS = (
    *("lock", "heal", "preflight", "image", "secrets", "schema", "dags", "pre-deploy", "publish", "nginx"),
    *("api-server", "switch", "control-plane", "bake", "commit", "drain", "prune"),
)
# bash reads it before the script: so many commands after a step has begun, whoever runs it is killed
DIES_IN = """
set -T
LEFT={commands}
trap '[[ ${{STEP:-}} != {step} ]] || REACHED=yes
  [[ -z ${{REACHED:-}} ]] || ((LEFT-- > 0)) || kill -KILL $$' DEBUG
"""
MOST_COMMANDS = 15


@pytest.fixture(autouse=True)
def _ours_serves(site: Site) -> Iterator[None]:
    """After each test: nothing that went wrong has touched what serves. Before it: nor has a test that failed."""
    if not site.healthy() or not site.serving().startswith(f"{OURS}-"):
        again = site.deploy(site.ours, ALLOW_OLDER="1")
        assert again.returncode == 0, again.stderr
    yield
    site.serves(OURS)


@pytest.mark.parametrize("step", STEPS)
def test_killed_in_a_step(site: Site, step: str, tmp_path: Path) -> None:
    """People are served whatever was going on, and the next deploy heals it, though itself it is refused."""
    image, commands = site.build(NEW), random.randrange(MOST_COMMANDS)
    (tmp_path / "dies").write_text(DIES_IN.format(step=step, commands=commands))
    killed = site.deploy(image, BASH_ENV=str(tmp_path / "dies"))
    print(f"killed {commands} commands after {step!r} had begun, in {site.step()!r}")
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    Caller(site.host)
    until(lambda: site.deploy(f"{site.host.repository}@sha256:{'0' * 64}").returncode == 5, within=90)
    if not site.serving().startswith(f"{OURS}-"):
        assert step in STEPS[STEPS.index("bake") :], "the new release serves, though its deploy had not come that far"
        site.serves(NEW)
        back = site.deploy(site.ours, ALLOW_OLDER="1")
        assert back.returncode == 0, back.stderr


def test_the_registry_is_down(site: Site) -> None:
    image = site.build(NEW)
    site.host.registry.stop()
    try:
        wrong(site.deploy(image), 4, "the registry", "does not answer")
    finally:
        site.host.registry.start()


def test_the_database_is_down(site: Site) -> None:
    image = site.build(NEW)
    site.host.postgres.stop()
    try:
        wrong(site.deploy(image), 4, "database")
    finally:
        site.host.postgres.start()
    until(site.healthy, within=120)


def test_the_disk_is_full(site: Site) -> None:
    image = site.build(NEW)
    wrong(site.deploy(image, MIN_DISK_MB="999999"), 4, "MB are free below", "MIN_DISK_MB")


def test_the_disk_fills_up_while_the_image_comes(site: Site, tmp_path: Path) -> None:
    """There was enough when the deploy looked."""
    image = not_here(site, tmp_path)
    root = site.host.docker("info", "--format", "{{.DockerRootDir}}").stdout.strip()
    arriving = f"{root}/containerd/daemon/io.containerd.content.v1.content/ingest"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "full", arriving], check=True)
    try:
        wrong(site.deploy(image), 4, "no space left on device", "the disk is full")
    finally:
        subprocess.run(["umount", arriving], check=True)
    site.host.docker("pull", "--quiet", image)


def not_here(site: Site, folder: Path) -> str:
    """Push an image with a layer that this engine has no more: it is of a container, which no build caches."""
    (folder / "large").write_bytes(random.randbytes(8 << 20))
    site.build(NEW)
    container = site.host.docker("create", f"{site.host.name}-broken:{NEW}").stdout.strip()
    site.host.docker("cp", str(folder / "large"), f"{container}:/opt/airflow/large")
    image = site.host.docker("commit", container).stdout.strip()
    pushed = site.host.push(image)
    site.host.docker("rm", container)
    site.host.docker("image", "rm", "--force", image)
    return pushed


def test_a_broken_file_of_nginx(site: Site) -> None:
    image = site.build(NEW)
    template = next((site.host.host / "scripts" / "nginx").rglob("*nginx.conf*"))
    whole = template.read_text()
    template.write_text(whole + "\nno_such_directive on;\n")
    try:
        wrong(site.deploy(image), 9, "no_such_directive")
    finally:
        template.write_text(whole)


def test_another_jwt_secret(site: Site) -> None:
    image = site.build(NEW)
    client, name = site.host.client("secretsmanager"), f"{PREFIX}/jwt-secret"
    right = client.get_secret_value(SecretId=name)["SecretString"]
    client.put_secret_value(SecretId=name, SecretString="another-one-that-is-long-enough-for-a-key")
    try:
        wrong(site.deploy(image), 4, "AIRFLOW__API_AUTH__JWT_SECRET", "tokens of running tasks")
    finally:
        client.put_secret_value(SecretId=name, SecretString=right)


def test_a_migration_that_nobody_asked_for(site: Site) -> None:
    image = site.build(NEW)
    [(head,)] = site.host.postgres.do("SELECT version_num FROM alembic_version")
    site.host.postgres.do("UPDATE alembic_version SET version_num = %s", "29ce7909c52b")  # Airflow 3.0
    try:
        wrong(site.deploy(image), 6, "--migrate")
    finally:
        site.host.postgres.do("UPDATE alembic_version SET version_num = %s", head)


def test_the_host_reboots_in_the_middle(site: Site) -> None:
    image = site.build(NEW)
    deploy = site.host.start("deploy.sh", image)
    until(lambda: site.step() == "control-plane")
    deploy.send_signal(signal.SIGKILL)
    deploy.wait()
    ids = site.host.docker("ps", "--quiet", "--filter", f"name={site.host.name}-").stdout.split()
    site.host.docker("kill", *ids)
    result = site.host.run("boot.sh")
    assert result.returncode == 0, result.stderr
