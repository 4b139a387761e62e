"""Every script of the pipeline says what it does, and refuses what it does not know."""

import os
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "scripts" / "ci"
SCRIPTS = sorted(path.name for path in FOLDER.iterdir() if path.is_file() and os.access(path, os.X_OK))


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FOLDER / name, *arguments], capture_output=True, text=True)


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) > 8


@pytest.mark.parametrize("name", SCRIPTS)
def test_help(name: str) -> None:
    result = run(name, "-h")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"scripts/ci/{name}" in result.stdout
    assert "exit" in result.stdout or name in ("build", "promote")


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_it_does_not_know(name: str) -> None:
    result = run(name, "no-such-thing", "--no-such-option", "x", "y")
    assert result.returncode == 2
    assert result.stdout + result.stderr
