"""The bootstrap: what it installs when, and what it says when it cannot."""

import sys
from pathlib import Path

import pytest

from infra.local import bootstrap
from infra.local.layout import ROOT
from tests.infra.local.checkout import Checkout

BASE = ["venv", "pip ROOT/docker/requirements.txt ROOT/infra/local/requirements.txt"]
TEST = ["pip ROOT/tests/requirements.txt"]
CHECKOV = ["venv", "pip ROOT/tests/infra/terraform/requirements.txt"]
IAM = ["venv", "pip ROOT/tests/infra/iam/requirements.txt"]


def test_packages_are_installed_once(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkout.bootstrap() == BASE
    assert "==> packages in .local: " in capsys.readouterr().out
    assert (checkout.site_packages / "gc.pth").read_text() == (ROOT / "docker" / "gc.pth").read_text()
    assert checkout.bootstrap() == []
    assert capsys.readouterr().out == ""


def test_what_tests_need_is_added(checkout: Checkout) -> None:
    assert checkout.bootstrap() == BASE
    assert checkout.bootstrap("--test") == TEST
    assert checkout.bootstrap("--test") == checkout.bootstrap() == []


def test_the_tools_for_infra_have_environments_of_their_own(checkout: Checkout) -> None:
    assert checkout.bootstrap("--infra") == [*BASE, *CHECKOV, *IAM]
    assert checkout.commands[-3][-3:-1] == ["ROOT/.local/checkov/bin/python", "--requirement"]
    assert checkout.commands[-1][-3:-1] == ["ROOT/.local/iam/bin/python", "--requirement"]
    assert checkout.bootstrap("--infra", "--test") == TEST
    (checkout.root / "docker" / "requirements.txt").write_text("# changed\n")
    assert checkout.bootstrap("--infra", "--test") == [*BASE, *TEST]
    (checkout.root / "tests" / "infra" / "iam" / "requirements.txt").write_text("# changed\n")
    assert checkout.bootstrap("--infra", "--test") == IAM


def test_everything_is_pinned_by_hash(checkout: Checkout) -> None:
    checkout.bootstrap("--test")
    installs = [command for command in checkout.commands if command[1] == "pip"]
    assert len(installs) == 2
    assert all({"--require-hashes", "--no-deps"} < set(command) for command in installs)
    assert all("ROOT/.local/venv/bin/python" in command for command in installs)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [("docker/requirements.txt", [*BASE, *TEST]), ("docker/gc.pth", [*BASE, *TEST]), ("tests/requirements.txt", TEST)],
)
def test_a_changed_list_is_installed_again(checkout: Checkout, changed: str, expected: list[str]) -> None:
    checkout.bootstrap("--test")
    (checkout.root / changed).write_text("# changed\n")
    assert checkout.bootstrap("--test") == expected


def test_another_python_makes_another_environment(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.bootstrap()
    monkeypatch.setattr(sys, "version", "3.12.0 (of another day)")
    assert checkout.bootstrap() == BASE


def test_an_install_that_failed_is_done_again(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], purpose: str) -> None:
        checkout.run(command, purpose)
        if command[1] == "pip":
            raise bootstrap.Failed("no network")

    monkeypatch.setattr(bootstrap, "run", fail)
    assert bootstrap.main([]) == 1
    monkeypatch.setattr(bootstrap, "run", checkout.run)
    assert checkout.bootstrap() == BASE


@pytest.mark.parametrize(("arguments", "code"), [(["-h"], 0), (["--help"], 0), (["--tset"], 2), (["--test", "x"], 2)])
def test_its_usage(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(arguments) == code
    assert "usage: bootstrap.py [--test] [--infra]" in capsys.readouterr().out


def test_the_python_of_an_activated_environment_makes_the_next_one_by_that_below_it(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.bootstrap()
    monkeypatch.setattr(sys, "prefix", str(bootstrap.VENV))
    (checkout.root / "docker" / "gc.pth").write_text("# changed\n")
    checkout.bootstrap()
    made_by = checkout.commands[0][checkout.commands[0].index("--python") + 1]
    assert not made_by.startswith("ROOT")
    assert Path(made_by).samefile(sys.executable)
