"""Terraform in a scratch copy of infra/: its commands, what they print, and what a plan would change."""

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.layout import ROOT

INFRA = ROOT / "infra"
STATE = "terraform.tfstate"
NOT_COPIED = shutil.ignore_patterns("local", ".terraform", "*.tfstate*", "__pycache__", "*.png")
OUTSIDE = re.compile(r"\$\{path\.module\}/\.\./([\w./-]+)")
BACKEND_OVERRIDE, LOCAL_BACKEND = "backend_override.tf", 'terraform {\n  backend "local" {}\n}\n'
# more than Terraform's 10, since most of what it does is to wait
PARALLELISM = "-parallelism=30"
TELL_EVERY_S = 10
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "local-only",
    "AWS_SECRET_ACCESS_KEY": "local-only",
    "AWS_EC2_METADATA_DISABLED": "true",
    "CHECKPOINT_DISABLE": "1",  # do not ask for newer versions
    "NO_PROXY": "127.0.0.1",
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
}


GET_TERRAFORM = "terraform is not on PATH; 1.11 or later is needed: https://developer.hashicorp.com/terraform/install"
GET_PROVIDER = (
    "Terraform cannot get its AWS provider. Where its registry cannot be reached, set TF_PLUGIN_DIR to a folder that "
    "`terraform providers mirror FOLDER` has filled elsewhere, or configure a mirror (TF_CLI_CONFIG_FILE). It said:\n"
)
NO_PROVIDER = ("Failed to query available provider packages", "Failed to install provider")


class Failed(AssertionError):
    """A command of Terraform that did not end as it should, with what it printed."""


class NotThere(Exception):
    """What this machine lacks, and how to get it."""


def ready(folder: Path) -> "Terraform":
    """Return Terraform in a copy of infra/ below ``folder``, with its provider.

    :raises NotThere: where Terraform or its provider cannot be had
    """
    if not shutil.which("terraform"):
        raise NotThere(GET_TERRAFORM)
    made = Terraform(copy_root(folder))
    code, printed = made.init()
    if code and any(sign in printed for sign in NO_PROVIDER):
        raise NotThere(GET_PROVIDER + printed)
    if code:
        raise Failed(printed)
    return made


def copy_root(folder: Path) -> Path:
    """Copy infra/, and what its files read outside of it, to ``folder``; keep the state in a file there."""
    root = folder / "infra"
    shutil.copytree(INFRA, root, ignore=NOT_COPIED)
    for path in {name for file in INFRA.glob("*.tf") for name in OUTSIDE.findall(file.read_text())}:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    (root / BACKEND_OVERRIDE).write_text(LOCAL_BACKEND)
    return root


@dataclass(frozen=True)
class Terraform:
    """The Terraform on PATH, run in ``folder``."""

    folder: Path

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command, telling what it does when that takes long; return what it printed."""
        code, printed = self.attempt(*arguments)
        if code not in codes:
            raise Failed(f"terraform {' '.join(arguments)} ended with {code}:\n{printed[-6000:]}")
        return printed

    def attempt(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return how it ended and what it printed."""
        command = ["terraform", arguments[0], "-no-color", *arguments[1:]]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed = _followed(process, arguments[0])
        return process.wait(), printed

    def init(self, *arguments: str) -> tuple[int, str]:
        """Install the provider: from TF_PLUGIN_DIR where that is set, else as Terraform is configured to."""
        plugins = os.environ.get("TF_PLUGIN_DIR")
        return self.attempt("init", *([f"-plugin-dir={Path(plugins).resolve()}"] if plugins else []), *arguments)

    def set(self, name: str, **variables: Any) -> None:
        """State variables in a file that Terraform reads by itself."""
        (self.folder / f"{name}.auto.tfvars.json").write_text(json.dumps(variables))

    def apply(self) -> None:
        self.run("apply", "-auto-approve", PARALLELISM)

    def destroy(self) -> None:
        self.run("destroy", "-auto-approve", PARALLELISM)

    def is_clean(self) -> str:
        """Return "" when a plan would change nothing, else what it would."""
        code, printed = self.attempt("plan", "-detailed-exitcode", PARALLELISM)
        return "" if code == 0 else printed

    def plan(self, *arguments: str) -> dict[str, Any]:
        """Return a plan as JSON: https://developer.hashicorp.com/terraform/internals/json-format"""
        self.run("plan", "-out=planned", PARALLELISM, *arguments)
        plan: dict[str, Any] = json.loads(self.run("show", "-json", "planned"))
        return plan

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}

    @property
    def state(self) -> str:
        """The whole state as text, with that before it."""
        return "".join(path.read_text() for path in self.folder.glob(f"{STATE}*"))


def _environment() -> dict[str, str]:
    """Return the environment of Terraform's commands, without a configuration that is not there.

    Terraform would say so before all that it prints, JSON among it.
    """
    configured = os.environ.get("TF_CLI_CONFIG_FILE", "")
    left_out = [] if Path(configured).is_file() else ["TF_CLI_CONFIG_FILE"]
    return {name: value for name, value in {**os.environ, **SETTINGS}.items() if name not in left_out}


def _followed(process: subprocess.Popen[str], command: str) -> str:
    """Return what a process prints; meanwhile tell how many resources are done."""
    assert process.stdout
    lines, begun, told = [], time.monotonic(), time.monotonic()
    for line in process.stdout:
        lines.append(line)
        if time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            done = sum("complete after" in line for line in lines)
            print(f"    terraform {command}: {done} done, {told - begun:.0f} s", flush=True)
    print(f"==> terraform {command}: {time.monotonic() - begun:.1f} s", flush=True)
    return "".join(lines)


def changes(plan: dict[str, Any]) -> dict[str, str]:
    """Return what a plan would do, as ``{address: "create"}``; a replacement is "delete, create"."""
    planned = {change["address"]: change["change"]["actions"] for change in plan["resource_changes"]}
    return {address: ", ".join(actions) for address, actions in planned.items() if actions not in (["no-op"], ["read"])}
