"""The files of a small system with what Amazon Linux has and a host uses: systemd, dnf, aws, python3."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

# command that makes or runs the machine -> Debian package
NEEDED = {
    **{"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container", "rpmbuild": "rpm"},
    **{"createrepo_c": "createrepo-c", "openssl": "openssl", "ip": "iproute2", "nsenter": "util-linux"},
}
PACKAGES = "awscli,ca-certificates,curl,dbus,dnf,openssl,python3,systemd-sysv"
SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))


class CannotRun(RuntimeError):
    """A machine cannot be run here; the message says what is missing."""


def check() -> None:
    """Say what this machine lacks to run another one."""
    if os.geteuid() != 0:
        raise CannotRun("needs root, for namespaces and a system of its own")
    missing = sorted({package for command, package in NEEDED.items() if not shutil.which(command)})
    if missing:
        raise CannotRun(f"needs {', '.join(missing)}: apt-get install {' '.join(missing)}")


def make(cache: Path) -> Path:
    """Return the folder of the system, made once for a list of packages; it takes a minute or two."""
    suite, sources = _release(), _sources()
    folder = cache / hashlib.sha256(f"{suite} {PACKAGES}".encode()).hexdigest()[:12]
    if not folder.exists():
        new = folder.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        options = ["--variant=minbase", f"--include={PACKAGES}", "--dpkgopt=path-exclude=/usr/share/doc/*"]
        result = subprocess.run(["mmdebstrap", *options, suite, new, *sources], capture_output=True, text=True)
        if result.returncode:
            raise CannotRun(f"mmdebstrap could not make a system:\n{result.stderr[-2000:]}")
        new.rename(folder)
    return folder


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("VERSION_CODENAME=")), "stable")


def _sources() -> list[str]:
    """Return the machine's own sources, which lead to a mirror that it can reach; none means Debian's."""
    return [str(path) for path in SOURCES if path.exists() and path.read_text().strip()][:1]
