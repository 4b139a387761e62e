"""A machine that boots with a real systemd, in the network of a host."""

import subprocess
import time
from pathlib import Path

from tests.infra.hosts.network import Network

BOOT_S = 60
# what cloud-init is for a host: it runs the user data once in the machine's life, and keeps what they say
CLOUD_INIT = """
[Unit]
ConditionPathExists=!/var/log/user-data.code
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c '/root/user-data >/var/log/cloud-init-output.log 2>&1; echo $? >/var/log/user-data.code'
[Install]
WantedBy=multi-user.target
"""
# no HOME: cloud-init gives none either
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """A system's files with a layer of its own, which lives as long as this does. It may boot many times."""

    def __init__(self, system: Path, folder: Path, network: Network) -> None:
        self.network = network
        self.root, self._layer = folder / "root", folder / "layer"
        self._process: subprocess.Popen[bytes] | None = None
        self.root.mkdir(parents=True)
        self._layer.mkdir()
        # in memory: where the test runs may be such a layer itself, which takes no other
        _run("mount", "-t", "tmpfs", "tmpfs", str(self._layer))
        for name in ("upper", "work"):
            (self._layer / name).mkdir()
        layers = f"lowerdir={system},upperdir={self._layer}/upper,workdir={self._layer}/work"
        _run("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def boot(self) -> None:
        """Start it; returns when systemd answers."""
        options = ["--quiet", "--register=no", "--keep-unit", "--settings=no", "--console=pipe"]
        files = ["--resolv-conf=off", "--timezone=off", "--link-journal=no"]
        network = f"--network-namespace-path={self.network.path}"
        command = ["systemd-nspawn", *options, *files, network, f"--directory={self.root}", "--boot"]
        output = (self._layer / "console").open("ab")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.until("systemctl is-system-running | grep -q 'running\\|degraded\\|starting'", BOOT_S)

    def run(self, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a shell's command in it, as root."""
        return subprocess.run(
            ["nsenter", f"--target={self._leader()}", "--all", "env", "-i", PATH, "sh", "-c", command],
            input=stdin, capture_output=True, text=True,
        )  # fmt: skip

    def until(self, command: str, seconds: float) -> None:
        """Wait until a command in it succeeds."""
        deadline = time.monotonic() + seconds
        while self.run(command).returncode:
            if time.monotonic() > deadline:
                journal = self.run("journalctl --no-pager -n 50").stdout
                raise TimeoutError(f"not true after {seconds} s: {command}\n{journal}\n{self.console()}")
            time.sleep(0.3)

    def console(self) -> str:
        return (self._layer / "console").read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """Shut it down in order."""
        if self._process:
            self._process.terminate()
            self._process.wait(BOOT_S)
            self._process = None

    def remove(self) -> None:
        try:
            self.stop()
        finally:
            for mount in (self.root, self._layer):
                _run("umount", "--lazy", str(mount))

    def _leader(self) -> int:
        """Return the process that is number 1 in it."""
        assert self._process, "it does not run"
        deadline = time.monotonic() + BOOT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            # before, it is nspawn's own process, outside of the machine
            if children and Path(f"/proc/{children[0]}/comm").read_text() == "systemd\n":
                return int(children[0])
            time.sleep(0.1)
        raise RuntimeError(f"the machine does not boot:\n{self.console()}")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
