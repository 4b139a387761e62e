"""nginx as scripts/deploy/nginx.sh runs it, without a container: for what is in its files and how it is switched."""

import grp
import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.deploy.load.connection import Target

ROOT = Path(__file__).parents[2]
DOMAIN = "airflow.test"
# as functions.sh would be sourced, but nginx is a process of this machine
HERE = """
set -euo pipefail
. "$ROOT/scripts/deploy/nginx.sh"
. "$ROOT/scripts/deploy/nginx_replace.sh"
nginx_in() { "$@"; }
"""


@cache
def binary() -> Path | None:
    """Return an nginx that is new enough: the one of tests/docker/get-nginx, or the system's."""
    for path in (ROOT / ".local" / "nginx" / "nginx", shutil.which("nginx")):
        if path and Path(path).exists() and _version(path) >= (1, 27, 4):
            return Path(path)
    return None


def _version(path: Path | str) -> tuple[int, ...]:
    said = subprocess.run([path, "-v"], capture_output=True, text=True, check=True).stderr
    return tuple(int(part) for part in said.split("/")[1].split()[0].split("."))


@dataclass
class Proxy:
    folder: Path
    ports: dict[str, int]
    settings: dict[str, str] = field(default_factory=dict)
    started: int = 0  # nginx that is started beside another has a folder of its own for what it writes

    @property
    def run(self) -> Path:
        return self.folder / f"run-{self.started}"

    @property
    def pid(self) -> Path:
        return self.run / "nginx.pid"

    @property
    def target(self) -> Target:
        port = self.ports["HTTPS_PORT"]
        return Target(f"https://{DOMAIN}:{port}", ("127.0.0.1", port))

    @property
    def log(self) -> Path:
        return self.folder / "access.log"

    def environment(self) -> dict[str, str]:
        nginx = binary()
        assert nginx
        return {
            "PATH": f"{nginx.parent}:{os.environ['PATH']}",
            "ROOT": str(ROOT),
            "AIRFLOW_HOST_DIR": str(self.folder),
            "NGINX_TEMPLATES": str(ROOT / "docker" / "nginx"),
            "NGINX_DIR": str(self.folder / "nginx"),
            "NGINX_SEES": str(self.folder / "nginx"),
            "NGINX_TLS_DIR": str(self.folder / "tls"),
            "NGINX_RUN_DIR": str(self.run),
            # with its own group, which is not named alike everywhere
            "NGINX_USER": f"nobody {grp.getgrgid(pwd.getpwnam('nobody').pw_gid).gr_name}",
            "NGINX_LOG": str(self.log),
            "NGINX_WORKERS": "2",
            "DOMAIN_NAME": DOMAIN,
            "EXECUTION_NETWORKS": "127.0.0.0/8",
            "LISTEN": "127.0.0.1",
            **{name: str(port) for name, port in self.ports.items()},
            **self.settings,
        }

    def call(self, line: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run functions of nginx.sh."""
        command = ["bash", "-c", HERE + line]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=check, timeout=120)

    def start(self, colour: str) -> None:
        (self.folder / "tls").mkdir(exist_ok=True)
        self.run.mkdir()
        make_certificate(self.folder / "tls")
        self.call(f"nginx_render {colour}")
        conf = self.folder / "nginx" / "live" / "nginx.conf"
        with (self.folder / "nginx.out").open("a") as out:
            subprocess.run([str(binary()), "-c", str(conf)], check=True, stderr=out, timeout=10)
        self.call('nginx_settings; nginx_answers "$(nginx_live)"')

    def replace(self, colour: str) -> None:
        """Start a second nginx beside the one that runs and let that one end, as nginx_renew does with containers."""
        old = self.pid
        self.started += 1
        self.start(colour)
        end(old, signal.SIGQUIT)

    def stop(self) -> None:
        end(self.pid, signal.SIGTERM)


def end(pid: Path, how: signal.Signals) -> None:
    """Tell an nginx to end, and wait until it has."""
    if pid.exists():
        os.kill(int(pid.read_text()), how)
        while pid.exists():
            time.sleep(0.05)


def make_certificate(folder: Path) -> None:
    names = ["-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True)
