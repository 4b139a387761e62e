"""An api-server in a container, on a database of this machine's own whose schema is there."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local import postgres
from infra.local.layout import ROOT, Layout
from scripts.ports import free_port

DATABASE = "postgresql+psycopg2://airflow@/postgres?host=/run/postgres"
SETTINGS = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": DATABASE,
    "AIRFLOW__LOGGING__REMOTE_LOGGING": "False",
    "AIRFLOW__API__SECRET_KEY": "of-the-bench",
    "AIRFLOW__API_AUTH__JWT_SECRET": "of-the-bench-and-at-least-sixty-four-bytes-long-as-the-algorithm-wants-it",
    "AIRFLOW__API__WORKERS": "1",
}
HEALTHY_S = 120


class Server:
    def __init__(self, sockets: Path) -> None:
        self._options = [
            *("--network=bridge", "--read-only", "--env-file", str(ROOT / "docker" / "airflow.env")),
            *(f"--env={name}={value}" for name, value in SETTINGS.items()),
            f"--volume={sockets}:/run/postgres",
        ]

    def migrate(self, image: str) -> None:
        _docker("run", "--rm", *self._options, image, "airflow", "db", "migrate")

    @contextmanager
    def of(self, image: str) -> Iterator[Callable[[], None]]:
        """Start it; give a function that returns when it is healthy."""
        port = free_port()
        publish = f"--publish=127.0.0.1:{port}:8080"
        name = _docker("run", "--detach", *self._options, publish, image, "airflow", "api-server")
        try:
            yield lambda: until_healthy(name, f"http://127.0.0.1:{port}/api/v2/monitor/health")
        finally:
            _docker("rm", "--force", "--volumes", name)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Have a Postgres that containers reach by its socket."""
    layout = Layout(folder, 0, 0, folder)
    for path in (folder, layout.sockets):
        path.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o755)
    postgres.prepare(layout)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(postgres.server_command(layout), stdout=log, stderr=log)
    try:
        while not postgres.ready(layout):
            time.sleep(0.1)
        yield Server(layout.sockets)
    finally:
        process.terminate()
        process.wait()


def until_healthy(container: str, url: str) -> None:
    end = time.monotonic() + HEALTHY_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"not healthy within {HEALTHY_S} s:\n{_docker('logs', container)}")


def _docker(*arguments: str) -> str:
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, env=os.environ)
    if result.returncode:
        raise RuntimeError(f"docker {arguments[0]}: {result.stderr.strip()[-2000:]}")
    return result.stdout.strip()
