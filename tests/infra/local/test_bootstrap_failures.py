"""What the bootstrap says when it cannot do its work."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import bootstrap
from infra.local.layout import ROOT
from tests.infra.local.checkout import Checkout, copy_files

GIB = 1024**3
UV = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".local" / "uv" / "bin"))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    assert bootstrap.main([]) == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 15, 0), (2, 7, 18)])
def test_a_python_that_cannot_run_it(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: tuple[int, ...]
) -> None:
    text = ".".join(map(str, version))
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(sys, "version", f"{text} (main)")
    assert said(capsys) == (
        f"error: Python {text} cannot run this: it needs 3.11 to 3.14. Install one of them, or name it: "
        "make up PYTHON=python3.12\n"
    )
    assert checkout.commands == []


def test_the_pythons_are_those_of_the_project() -> None:
    (oldest, newest), stated = (bootstrap.OLDEST, bootstrap.NEWEST), (ROOT / "pyproject.toml").read_text()
    assert f'requires-python = ">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"' in stated


@pytest.mark.parametrize(("free", "enough"), [(1.5, False), (1.999, False), (2, True)])
def test_a_full_disk(
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    free: float,
    enough: bool,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=int(free * GIB)))
    assert bootstrap.main([]) == (0 if enough else 1)
    said = f"{free:.1f} GiB are free below {checkout.root} and 2 GiB are needed. Free some, or clone to another disk."
    assert capsys.readouterr().err == ("" if enough else f"error: {said}\n")


@pytest.mark.skipif(not UV, reason="needs uv, which bootstrap fetches where there is none")
def test_an_index_that_cannot_be_reached(tmp_path: Path) -> None:
    copy_files(tmp_path)
    environment = {
        **{"PATH": f"{Path(str(UV)).parent}:/usr/bin:/bin", "HOME": str(tmp_path / "home")},
        **{
            "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
            "UV_CACHE_DIR": str(tmp_path / "cache"),
            "UV_HTTP_RETRIES": "0",
        },
    }
    command = [sys.executable, str(tmp_path / "infra" / "local" / "bootstrap.py")]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "==> installing the base packages\n")
    assert done.stderr.startswith("error: could not install the packages:\n")
    assert "http://127.0.0.1:9/simple/" in done.stderr
    assert done.stderr.endswith(
        "\nThe package index cannot be reached. Check the network; behind a proxy set HTTPS_PROXY, for a mirror "
        "set UV_DEFAULT_INDEX and PIP_INDEX_URL, then run the same command again: nothing is lost.\n"
    )
    assert not (tmp_path / ".local" / "venv" / ".installed-base").exists()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("error: dns error: failed to lookup", "The package index cannot be reached. Check the network; "),
        ("ERROR: No matching distribution found for uv", "The package index cannot be reached. Check the network; "),
        ("OSError: [Errno 28] No space left on device", "The disk is full. Free 2 GiB and run the same command again"),
        ("hash mismatch", "Run the same command again; `rm -rf .local/venv` before it starts from nothing."),
    ],
)
def test_what_to_do(text: str, advice: str) -> None:
    assert bootstrap.advice(text).startswith(advice)


class Pip:
    """A machine on which ``python -m NAME`` works for some names only."""

    def __init__(self, *works: str) -> None:
        self.works = works

    def run(self, command: list[str], **_: Any) -> SimpleNamespace:
        return SimpleNamespace(returncode=0 if command[2] in self.works else 1)


@pytest.fixture
def without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A machine without uv; the commands that were run on it."""
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "LOCAL", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(bootstrap, "run", lambda command, _: commands.append(command))
    return commands


@pytest.mark.parametrize(("works", "python"), [(("pip", "venv"), sys.executable), (("venv",), "{}/pip/bin/python")])
def test_uv_is_fetched_by_the_pip_that_there_is(
    without_uv: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, works: tuple[str, ...], python: str
) -> None:
    monkeypatch.setattr(subprocess, "run", Pip(*works).run)
    assert bootstrap.find_uv() == f"{tmp_path}/uv/bin/uv"
    options = ["install", "--quiet", "--disable-pip-version-check", "--target", f"{tmp_path}/uv"]
    options += ["--require-hashes", "--requirement", str(ROOT / "docker" / "build-requirements.txt")]
    assert without_uv == [[python.format(tmp_path), "-m", "pip", *options]]


def test_a_python_without_pip_and_venv(without_uv: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", Pip().run)
    with pytest.raises(
        bootstrap.Failed, match=r"has neither pip nor venv, and no uv is on PATH. .* apt install python3-venv$"
    ):
        bootstrap.find_uv()
    assert without_uv == []


def test_the_uv_that_there_is_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/bin/uv")
    assert bootstrap.find_uv() == "/usr/bin/uv"
