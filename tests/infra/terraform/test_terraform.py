"""The way to Terraform, with one that only writes down what it is told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.terraform.terraform import Failed, NotThere, Terraform, changes, ready

Fake = Callable[[int, str], Path]
NO_REGISTRY = "Error: Failed to query available provider packages\nCould not retrieve the list of hashicorp/aws"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put a Terraform on PATH that prints a text and ends with a code; return the file with its arguments."""

    def make(code: int, printed: str) -> Path:
        told, program = tmp_path / "told", tmp_path / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\necho "$@" >>{told}\necho "$TF_INPUT" >>{told}\necho \'{printed}\'\nexit {code}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return told

    monkeypatch.delenv("TF_PLUGIN_DIR", raising=False)
    return make


def test_where_there_is_no_terraform_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotThere, match=r"terraform is not on PATH; 1\.11 or later .*https://"):
        ready(tmp_path)


def test_where_there_is_no_provider_it_says_how_to_get_it(tmp_path: Path, fake: Fake) -> None:
    fake(1, NO_REGISTRY)
    with pytest.raises(NotThere, match="TF_PLUGIN_DIR") as error:
        ready(tmp_path)
    assert NO_REGISTRY in str(error.value)


def test_another_failure_is_one(tmp_path: Path, fake: Fake) -> None:
    fake(1, "Error: Unsupported block type")
    with pytest.raises(Failed, match="Unsupported block type"):
        ready(tmp_path)


def test_the_provider_is_that_of_a_folder_when_one_is_named(
    tmp_path: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = fake(0, "")
    ready(tmp_path / "registry")
    monkeypatch.setenv("TF_PLUGIN_DIR", str(tmp_path / "mirror"))
    ready(tmp_path / "folder")
    assert told.read_text().splitlines()[::2] == ["init -no-color", f"init -no-color -plugin-dir={tmp_path}/mirror"]


def test_the_copy_has_what_the_root_reads_and_a_state_of_its_own(tmp_path: Path, fake: Fake) -> None:
    fake(0, "")
    root = ready(tmp_path).folder
    assert (root / "network.tf").exists()
    assert (tmp_path / "docker" / "airflow.env").exists()
    assert 'backend "local"' in (root / "backend_override.tf").read_text()
    assert not (root / "local").exists()


def test_a_command_that_fails_says_what_it_printed(tmp_path: Path, fake: Fake) -> None:
    fake(1, "Error: no such thing")
    with pytest.raises(Failed, match=r"terraform show x ended with 1:\nError: no such thing"):
        Terraform(tmp_path).run("show", "x")


def test_the_changes_of_a_plan_leave_out_what_stays() -> None:
    actions = {"a": ["no-op"], "b": ["read"], "c": ["create"], "d": ["delete", "create"]}
    planned = [{"address": address, "change": {"actions": todo}} for address, todo in actions.items()]
    assert changes({"resource_changes": planned}) == {"c": "create", "d": "delete, create"}
