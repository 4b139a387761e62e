"""A copy of this checkout as it is, with what is not committed yet."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


def copy(folder: Path) -> Path:
    """Put into ``folder`` what a clone would have, and what git does not know yet; return it."""
    listed = subprocess.run(LIST, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists() or (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def with_packages(folder: Path) -> Path:
    """Put a copy into ``folder`` that uses the packages of this checkout, so that nothing is installed."""
    copy(folder)
    (folder / ".local").mkdir()
    (folder / ".local" / "venv").symlink_to(ROOT / ".local" / "venv")
    return folder


def committed(folder: Path) -> Path:
    """Make a repository of a folder, with one commit; return it."""
    for words in (["init"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "a"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder
