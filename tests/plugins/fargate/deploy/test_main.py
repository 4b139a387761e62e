"""The commands, as the scripts on the host call them."""

import json
import subprocess
import sys
from importlib import import_module

import pytest

from fargate.deploy import __main__ as commands
from fargate.deploy.failure import Failure


@pytest.mark.parametrize("name", sorted(commands.COMMANDS))
def test_each_command_has_its_function(name: str) -> None:
    place, arguments, _ = commands.COMMANDS[name]
    module, _, function = place.partition(".")
    code = getattr(import_module(f"fargate.deploy.{module}"), function).__code__
    wanted = [argument.strip("-=").replace("-", "_") for argument in arguments]
    assert [*code.co_varnames[: code.co_argcount]][: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("words", "wait", "imports_only"),
    [((), None, False), (("--wait", "60"), "60", False), (("--imports-only",), None, True)],
)
def test_what_is_asked_for_arrives(
    words: tuple[str, ...], wait: str | None, imports_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As scripts/deploy/checks.sh says it."""
    heard: list[dict[str, object]] = []
    monkeypatch.setattr(commands, "_function", lambda _: lambda **options: heard.append(options))
    monkeypatch.setattr(commands, "_answers_alone", lambda: sys.stdout)
    assert commands.main(["blocked", *words]) == 0
    assert heard == [{"wait": wait, "imports_only": imports_only}]


def test_a_failure_has_its_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise Failure(4, "the database is away")

    monkeypatch.setattr(commands, "_function", lambda _: fail)
    monkeypatch.setattr(commands, "_answers_alone", lambda: sys.stdout)
    assert commands.main(["schema"]) == 4
    assert capfd.readouterr().err == "error: the database is away\n"


def test_a_setting_that_is_missing_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SECRETS_PREFIX", raising=False)
    monkeypatch.setattr(commands, "_answers_alone", lambda: sys.stdout)
    assert commands.main(["activity"]) == 2
    assert "SECRETS_PREFIX is not set" in capfd.readouterr().err


def test_standard_output_has_the_answer_alone() -> None:
    code = (
        "import os, sys; from fargate.deploy import __main__ as m\n"
        "def noisy(): print('log'); os.write(1, b'log too'); return {'a': 1}\n"
        "m._function = lambda _: noisy; sys.exit(m.main(['schema']))"
    )
    result = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "plugins"}, capture_output=True, text=True)
    assert json.loads(result.stdout) == {"a": 1}
    assert "log too" in result.stderr
