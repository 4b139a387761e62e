"""Packages of another release of Debian, unpacked beside the system's own, from the mirror that this machine uses."""

import subprocess
from pathlib import Path

KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Unavailable(RuntimeError):
    """What could not be had here; the message says how to get it."""


def unpack(release: str, names: tuple[str, ...], folder: Path) -> Path:
    """Return the folder with the files of the packages, fetched once."""
    if folder.exists():
        return folder
    apt = folder.parent / f"apt-{release}"
    for path in ("state/lists/partial", "cache/archives/partial", "packages"):
        (apt / path).mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={KEYS}] " if KEYS.exists() else ""
    (apt / "sources.list").write_text(f"deb {signed}{mirror()} {release} main\n")
    own = {"Etc::sourcelist": f"{apt}/sources.list", "State": f"{apt}/state", "Cache": f"{apt}/cache"}
    none = {"Etc::sourceparts": "/dev/null", "State::status": "/dev/null"}
    options = [f"-oDir::{name}={value}" for name, value in {**own, **none}.items()]
    _run("apt-get", *options, "-qq", "update")
    _run("apt-get", *options, "-qq", "download", *names, cwd=apt / "packages")
    new = folder.with_suffix(".new")
    for package in (apt / "packages").glob("*.deb"):
        _run("dpkg-deb", "--extract", str(package), str(new))
        package.unlink()
    return new.rename(folder)


def mirror() -> str:
    """Return where this machine's packages of Debian come from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    try:
        found = subprocess.run(command, capture_output=True, text=True).stdout.split()
    except FileNotFoundError:
        found = []
    addresses = [address for address in found if "security" not in address]
    if not addresses:
        raise Unavailable("this machine has no Debian packages: install Docker 24 or later and set DOCKER_HOST")
    return addresses[0]


def _run(*command: str, cwd: Path | None = None) -> None:
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    if result.returncode:
        raise Unavailable(f"{command[0]} said: {result.stderr.strip()[-1000:]}")
