"""A Docker engine with buildx and compose: one that is there, or one of our own while the tests run."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.packages import Unavailable, unpack

FOLDER = Path(__file__).resolve().parents[2] / ".local" / "engine"
# Debian 13's run on Debian 12 as well, whose own engine knows neither zstd nor `start_interval`
RELEASE, PACKAGES = "trixie", ("docker.io", "docker-cli", "containerd", "docker-buildx", "docker-compose")
NEEDED = {"runc": "runc", "iptables": "iptables", "mmdebstrap": "mmdebstrap", "strip": "binutils"}
START_S, STOP_S = 60, 60
SETTINGS = {
    "bip": "172.28.0.1/24",
    "default-address-pools": [{"base": "172.29.0.0/16", "size": 24}, {"base": "172.30.0.0/15", "size": 24}],
    "features": {"containerd-snapshotter": True},
}


@dataclass(frozen=True)
class Engine:
    """What to run docker with."""

    environment: dict[str, str]

    def run(self, *arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``docker ARGUMENTS``; a failure says what docker said."""
        given = {"env": self.environment, "capture_output": True, "text": True, **options}
        result: subprocess.CompletedProcess[str] = subprocess.run(["docker", *arguments], **given)
        if check and result.returncode:
            raise AssertionError(f"docker {' '.join(arguments)}: {result.stdout}{result.stderr}")
        return result

    def out(self, *arguments: str, **options: Any) -> str:
        return self.run(*arguments, **options).stdout.strip()


@contextmanager
def engine() -> Iterator[Engine]:
    """Have an engine; one that was started here ends with this, and keeps its images for the next time.

    :raises Unavailable: there is none and none can be started
    """
    there = Engine(dict(os.environ))
    if usable(there):
        yield there
        return
    check()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run of the tests in this checkout
        with started() as own:
            yield own


def usable(found: Engine) -> bool:
    """Tell whether an engine answers that can do what a deploy and a build need."""
    if not shutil.which("docker"):
        return False
    status = found.run("info", "--format", "{{json .DriverStatus}}", check=False)
    plugins = [found.run(plugin, "version", check=False).returncode for plugin in ("buildx", "compose")]
    return status.returncode == 0 and "io.containerd.snapshotter" in status.stdout and not any(plugins)


def check() -> None:
    """Say what this machine lacks to run an engine."""
    how = "set DOCKER_HOST to an engine (24 or later) with the feature containerd-snapshotter, buildx and compose"
    if os.geteuid() != 0:
        raise Unavailable(f"found no Docker engine, and only root can start one: {how}")
    missing = sorted({package for command, package in NEEDED.items() if not shutil.which(command)})
    if missing:
        raise Unavailable(f"apt-get install {' '.join(missing)}, which a Docker engine needs; or {how}")


@contextmanager
def started() -> Iterator[Engine]:
    files = unpack(RELEASE, PACKAGES, FOLDER / RELEASE)
    (files / "usr/sbin/runc").unlink(missing_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="engine-"))  # a socket's path is at most 108 characters
    engine = Engine(environment(files, folder))
    settings = folder / "daemon.json"
    settings.write_text(json.dumps(SETTINGS))
    options = [f"--data-root={FOLDER}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    command = ["dockerd", f"--host=unix://{folder}/socket", f"--config-file={settings}", *options]
    with (FOLDER / "log").open("wb") as log:
        process = subprocess.Popen(command, env=engine.environment, stdout=log, stderr=log, start_new_session=True)
    try:
        until_answers(engine, process)
        yield engine
    finally:
        process.terminate()
        process.wait(STOP_S)
        shutil.rmtree(folder, ignore_errors=True)


def environment(files: Path, folder: Path) -> dict[str, str]:
    plugins = folder / "config" / "cli-plugins"
    plugins.parent.mkdir()
    plugins.symlink_to(files / "usr/libexec/docker/cli-plugins")
    path = os.pathsep.join([f"{files}/usr/bin", f"{files}/usr/sbin", os.environ["PATH"], "/usr/sbin"])
    own = {"DOCKER_HOST": f"unix://{folder}/socket", "DOCKER_CONFIG": str(plugins.parent), "PATH": path}
    return {**os.environ, **own}


def until_answers(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while engine.run("version", check=False).returncode:
        if process.poll() is not None or time.monotonic() > end:
            raise Unavailable(f"dockerd did not start:\n{(FOLDER / 'log').read_text()[-2000:]}")
        time.sleep(0.2)
