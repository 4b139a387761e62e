"""A registry that stands in for ECR: Debian's docker-registry on loopback, with a user AWS."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.local.aws.docker.settings import PASSWORD
from scripts.ports import free_port
from tests.deploy.engine import Engine
from tests.deploy.packages import Unavailable

NEEDED = {"docker-registry": "docker-registry", "htpasswd": "apache2-utils"}
START_S = 20


class Registry:
    """Keeps what is pushed in a folder; ``stop`` and ``start`` are an outage.

    The password is the one that the emulated ECR gives to whoever asks for a login.
    """

    user, password = "AWS", PASSWORD

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self._folder = folder

    def start(self) -> None:
        """Start it.

        :raises Unavailable: when this machine has none to start
        """
        missing = sorted(package for command, package in NEEDED.items() if not shutil.which(command))
        if missing:
            raise Unavailable(f"apt-get install {' '.join(missing)}, for a registry to push to")
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._configure()
        environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
        with (self._folder / "log").open("a") as log:
            command = ["docker-registry", "serve", str(config)]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._until_answers()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def login(self, engine: Engine, folder: Path) -> Engine:
        """Return the engine as somebody who logged in uses it; the credentials are in the folder."""
        plugins = folder / "cli-plugins"
        if not plugins.exists():
            config = Path(engine.environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
            plugins.symlink_to(config / "cli-plugins")
        user = Engine({**engine.environment, "DOCKER_CONFIG": str(folder)})
        user.run("login", self.address, "--username", self.user, "--password-stdin", input=self.password)
        return user

    def _configure(self) -> Path:
        users, config = self._folder / "htpasswd", self._folder / "config.yml"
        users.write_bytes(subprocess.check_output(["htpasswd", "-nbB", self.user, self.password]))
        storage = {"filesystem": {"rootdirectory": str(self._folder / "images")}, "delete": {"enabled": True}}
        auth = {"htpasswd": {"realm": "ECR", "path": str(users)}}
        log = {"level": "error", "accesslog": {"disabled": True}}
        content = {"version": 0.1, "log": log, "storage": storage, "http": {"addr": self.address}, "auth": auth}
        config.write_text(json.dumps(content))  # JSON is YAML
        return config

    def _until_answers(self) -> None:
        end = time.monotonic() + START_S
        while not self._answers():
            log = (self._folder / "log").read_text()
            assert self._process.poll() is None, f"docker-registry ended: {log[-2000:]}"
            assert time.monotonic() < end, f"docker-registry does not answer on {self.address}: {log[-2000:]}"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{self.address}/v2/").close()
        except urllib.error.HTTPError as error:
            return error.code == 401  # it wants a login
        except OSError:
            return False
        return True


@contextmanager
def registry() -> Iterator[Registry]:
    """Have a registry for a while."""
    with TemporaryDirectory(prefix="registry-") as folder:
        found = Registry(Path(folder), free_port())
        found.start()
        try:
            yield found
        finally:
            found.stop()
