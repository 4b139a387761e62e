"""A host on which a release serves, and what to say of it after a deploy that went wrong."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.host_under_test import HostUnderTest
from tests.deploy.proof.people import Caller
from tests.deploy.proof.releases import build

OURS, NEW = "a0000000", "b0000000"
# a plugin with which a process begins, and never comes to its work
SLEEPS = "import sys, time\nif {process!r} in sys.argv:\n    time.sleep(9**9)\n"


@dataclass
class Site:
    """``ours`` is the image that serves; others are built on ``image``."""

    host: HostUnderTest
    folder: Path
    image: str
    ours: str = ""

    def build(self, name: str, **files: str) -> str:
        """Push a release with further files: ``dags__x`` is dags/x.py."""
        extra = {path.replace("__", "/") + ".py": text for path, text in files.items()}
        release = build(self.image, name, self.folder, f"{self.host.name}-broken:{name}", extra=extra)
        return self.host.push(release.image)

    def deploy(self, image: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.host.run("deploy.sh", image, **environment)

    def step(self) -> str:
        """Return the step that a deploy is in."""
        try:
            return str(json.loads((self.host.host / "state" / "deploy.json").read_text())["step"])
        except (OSError, ValueError):
            return ""

    def serves(self, name: str) -> None:
        """Make sure that a release serves people and workers, has the whole control plane, and is alone."""
        colours = {colour["state"]: colour for colour in self.host.colours()["colours"]}
        serving = colours.pop("serving")
        assert serving["release"].startswith(f"{name}-")
        assert set(self._health(serving)) == {"healthy"}
        assert set(colours) <= {"idle"}, "something of the other release is left"
        assert Caller(self.host).call("GET", "/api/v2/version")["version"]

    def serving(self) -> str:
        """Return the release that serves."""
        return next((str(each["release"]) for each in self.host.colours()["colours"] if each["state"] == "serving"), "")

    def healthy(self) -> bool:
        """Tell whether all of what serves is."""
        result = self.host.run("status.sh", "--json")
        colours = json.loads(result.stdout)["colours"] if result.returncode == 0 else []
        return any(c["state"] == "serving" and set(self._health(c)) == {"healthy"} for c in colours)

    def _health(self, colour: dict[str, str]) -> list[str]:
        return [entry.partition(":")[2] for entry in colour["containers"].split()]


def wrong(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Make sure that a script ended so, and said so."""
    said = f"{result.stdout}\n{result.stderr}"
    assert result.returncode == code, said[-4000:]
    for word in words:
        assert word in said, f"{word!r} is not in:\n{said[-4000:]}"


def until(condition: Callable[[], bool], within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)
