"""A registry that stands in for ECR: Debian's docker-registry on loopback, with a user AWS."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.ports import free_port
from tests.deploy.engine import Engine
from tests.deploy.packages import Unavailable

NEEDED = {"docker-registry": "docker-registry", "htpasswd": "apache2-utils"}
USER, PASSWORD = "AWS", "a-token-of-twelve-hours"
CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}, delete: {{enabled: true}}}}
http: {{addr: {address}}}
auth: {{htpasswd: {{realm: basic-realm, path: {folder}/htpasswd}}}}
"""


@dataclass(frozen=True)
class Registry:
    address: str
    user: str = USER
    password: str = PASSWORD

    def login(self, engine: Engine, folder: Path) -> Engine:
        """Return the engine as somebody who logged in uses it; the credentials are in the folder."""
        plugins = folder / "cli-plugins"
        if not plugins.exists():
            config = Path(engine.environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
            plugins.symlink_to(config / "cli-plugins")
        user = Engine({**engine.environment, "DOCKER_CONFIG": str(folder)})
        user.run("login", self.address, "--username", self.user, "--password-stdin", input=self.password)
        return user


@contextmanager
def registry() -> Iterator[Registry]:
    missing = sorted(package for command, package in NEEDED.items() if not shutil.which(command))
    if missing:
        raise Unavailable(f"apt-get install {' '.join(missing)}, for a registry to push to")
    found = Registry(f"127.0.0.1:{free_port()}")
    with TemporaryDirectory(prefix="registry-") as folder:
        config = Path(folder, "config.yml")
        config.write_text(CONFIG.format(folder=folder, address=found.address))
        password = subprocess.check_output(["htpasswd", "-nbB", USER, PASSWORD])
        Path(folder, "htpasswd").write_bytes(password)
        environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            until_listens(found.address, process)
            yield found
        finally:
            process.terminate()
            process.wait(10)


def until_listens(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    for _ in range(100):
        if process.poll() is not None:
            break
        try:
            return socket.create_connection((host, int(port)), 1).close()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"docker-registry does not listen on {address}")
