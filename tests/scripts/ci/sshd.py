"""A host as the pipeline reaches it: a real sshd on loopback, a key that may run the gate, and the host's folder."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GATE = ROOT / "infra" / "host" / "gate.sh"
# what a host's scripts would do: they say how they were called, and end as the test wants
SCRIPT = """#!/usr/bin/env bash
echo "$(basename "$0") $* by ${DEPLOY_WHO:-nobody} older=${ALLOW_OLDER:-no}" | tee -a "$AIRFLOW_HOST_DIR/calls"
cat "$AIRFLOW_HOST_DIR/says" 2>/dev/null
exit "$(cat "$AIRFLOW_HOST_DIR/ends" 2>/dev/null || echo 0)"
"""


class NotInstalled(Exception):
    """This machine has no sshd."""


@dataclass
class Sshd:
    """``host`` is the host's folder. ``key`` is the pipeline's; ``other`` is one that the host does not know."""

    folder: Path
    port: int
    host: Path
    environment: dict[str, str]  # of what the gate starts
    process: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def start(cls, folder: Path, host: Path | None = None, **environment: str) -> "Sshd":
        """Start one with its own host key; without a host's folder, it has scripts that only say what they were told.

        :raises NotInstalled: where there is no sshd
        """
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        if not program:
            raise NotInstalled("sshd is not there: apt-get install openssh-server")
        given = {"PATH": os.environ["PATH"], **environment}
        made = cls(folder, _free_port(), host or folder / "host", given)
        folder.mkdir(parents=True, exist_ok=True)
        made._keys()
        if not host:
            made._scripts()
        made._configure()
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (folder / "sshd.log").open("wb") as log:
            made.process = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stdout=log, stderr=log)
        made._until_it_listens()
        return made

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["Sshd"]:
        """Have a host that only says what it was told; where there is no sshd, the test is skipped."""
        try:
            made = cls.start(folder)
        except NotInstalled as reason:
            pytest.skip(str(reason))
        yield made
        made.stop()

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def variables(self) -> dict[str, str]:
        """What GitLab would give to a job."""
        return {
            "DEPLOY_SSH_KEY": str(self.folder / "key"),
            "DEPLOY_KNOWN_HOSTS": str(self.folder / "known_hosts"),
            "DEPLOY_HOSTS": f"{self.user}@127.0.0.1:{self.port}",
        }

    def calls(self) -> list[str]:
        """Return how the host's scripts were called."""
        file = self.host / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def ends(self, code: int, says: str = "") -> None:
        (self.host / "ends").write_text(str(code))
        (self.host / "says").write_text(says)

    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="replace")

    def _keys(self) -> None:
        for name in ("key", "other", "host_key", "another_host_key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        self.know("host_key")
        public = (self.folder / "key.pub").read_text()
        environment = {"AIRFLOW_HOST_DIR": str(self.host), **self.environment}
        command = " ".join(["env", *(f"{name}={value}" for name, value in environment.items()), str(GATE)])
        (self.folder / "authorized_keys").write_text(f'restrict,command="{command}" {public}')

    def know(self, name: str) -> None:
        """Pin a host key."""
        kind, key, _ = (self.folder / f"{name}.pub").read_text().split()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def _scripts(self) -> None:
        (self.host / "scripts").mkdir(parents=True)
        for name in ("deploy.sh", "rollback.sh", "status.sh"):
            (self.host / "scripts" / name).write_text(SCRIPT)
            (self.host / "scripts" / name).chmod(0o755)

    def _configure(self) -> None:
        lines = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self.folder / "host_key",
            "AuthorizedKeysFile": self.folder / "authorized_keys",
            "PidFile": "none",
            "StrictModes": "no",  # the folder of a test may be open to others
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "forced-commands-only",
            "PrintMotd": "no",
        }
        (self.folder / "config").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))

    def _until_it_listens(self) -> None:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process
            assert self.process.poll() is None, self.log()
            time.sleep(0.05)
        raise AssertionError(f"sshd does not listen: {self.log()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
