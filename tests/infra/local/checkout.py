"""A checkout for the bootstrap: its files, and a machine that only writes down what it is told to do."""

import shutil
from pathlib import Path

from infra.local import bootstrap
from infra.local.layout import ROOT

LISTS = (*bootstrap.BASE, *bootstrap.TEST, *bootstrap.INFRA.values())


class Checkout:
    """A checkout in which commands are only written down; one that makes the venv makes its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands: list[list[str]] = []

    @property
    def site_packages(self) -> Path:
        return self.root / ".local" / "venv" / "lib" / "python3.11" / "site-packages"

    def run(self, command: list[str], purpose: str) -> None:
        assert purpose
        self.commands.append([part.replace(str(self.root), "ROOT") for part in command])
        if command[1] == "venv":
            (Path(command[-1]) / "lib" / "python3.11" / "site-packages").mkdir(parents=True)

    def bootstrap(self, *arguments: str) -> list[str]:
        """Run it; return the verbs of the commands with the lists that they installed."""
        self.commands.clear()
        assert bootstrap.main(list(arguments)) == 0
        lists = [[part for part in command if part.endswith(".txt")] for command in self.commands]
        return [" ".join([command[1], *found]) for command, found in zip(self.commands, lists, strict=True)]


def copy_files(root: Path) -> None:
    for name in ("infra/local/bootstrap.py", *LISTS):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
