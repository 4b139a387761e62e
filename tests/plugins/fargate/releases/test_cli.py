"""What a deploy asks of an image: its answers, its errors and its exit codes."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from fargate.releases import __main__ as cli
from fargate.releases import blocked, parsed
from fargate.releases import record as records
from fargate.releases.parsed import Parsed
from tests.plugins.fargate.releases.conftest import A, B, record
from tests.plugins.fargate.releases.test_archive import Code

IMAGE = record(B).image


def ask(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    code = cli.main(list(arguments), out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def image(code: Code, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folders of an image with one DAG, and what is known of its migrations."""
    folders = code("B")
    monkeypatch.setattr(cli, "_folders", lambda: folders)
    monkeypatch.setattr(parsed, "dags", lambda _: Parsed({"d": "d.py"}, {}))
    monkeypatch.setattr(parsed, "migration_heads", lambda: {"airflow": "1", "fab": "2"})
    return folders


@pytest.mark.usefixtures("image", "ecs")
def test_a_release_is_archived_registered_shown_and_served(capsys: pytest.CaptureFixture[str]) -> None:
    code, [archived] = ask("archive")
    assert (code, archived["uploaded"]) == (0, True)
    code, [made] = ask("register", "--image", IMAGE, "--revision", "abc")
    assert (code, made["release"], made["revision"], made["dags"]) == (0, B, "abc", {"d": "d.py"})
    assert ask("register", "--image", IMAGE)[1] == [made | {"registered": False}]
    assert ask("show") == (0, [asdict(records.read(B))])
    assert ask("show", "current") == (7, [])
    assert capsys.readouterr().err == "error: no release serves yet\n"
    assert ask("serve") == (0, [asdict(records.read(B))])
    assert ask("show", "current")[0] == 0


@pytest.mark.usefixtures("image")
def test_a_definition_that_was_lost_is_made_again_and_noted(ecs: Any) -> None:
    [first] = ask("register", "--image", IMAGE)[1]
    ecs.deregister_task_definition(taskDefinition=first["task_definition"])
    [second] = ask("register", "--image", IMAGE)[1]
    assert second["task_definition"] != first["task_definition"]
    assert records.read(B).task_definition == second["task_definition"]


@pytest.mark.parametrize("image", ["airflow:latest", "airflow@sha256:123", record(A).image])
def test_an_image_that_is_not_the_releases_is_refused(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("register", "--image", image) == (5, [])
    assert image in capsys.readouterr().err


@pytest.mark.parametrize("name", ["FARGATE_RELEASE", "DEPLOY_BUCKET"])
def test_a_missing_setting_is_named(
    name: str, image: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(name)
    assert ask("archive") == (2, [])
    assert capsys.readouterr().err.startswith(f"error: {name} is not set: the ")


def test_an_aws_that_is_away_has_a_code_of_its_own(
    image: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert ask("archive") == (4, [])
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_other_code_under_the_same_name_is_refused(
    s3: Any, image: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("archive")[0] == 0
    (image[0] / "a_dag.py").write_text("other")
    assert ask("archive") == (5, [])
    assert "has other code than this image" in capsys.readouterr().err


def test_an_import_error_is_told_and_not_waited_for(image: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsed, "dags", lambda _: Parsed({}, {"d.py": "SyntaxError: x"}))
    assert ask("blocked", "--wait", "600") == (
        7,
        [
            {
                **{"kind": "import_error", "file": "d.py", "error": "SyntaxError: x"},
                "text": "d.py cannot be imported: SyntaxError: x",
            }
        ],
    )


def test_only_imports_are_asked_where_there_is_no_table(image: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked, "look", lambda _: pytest.fail("the database was asked"))
    assert ask("blocked", "--imports-only") == (0, [])
    monkeypatch.setattr(parsed, "dags", lambda _: Parsed({"d": "d.py"}, {"e.py": "SyntaxError: x"}))
    code, [found] = ask("blocked", "--imports-only")
    assert (code, found["text"]) == (7, "e.py cannot be imported: SyntaxError: x")


@pytest.mark.parametrize(("wait", "answer"), [("0", (7, [{"kind": "moved"}])), ("60", (0, []))])
def test_what_blocks_may_be_waited_for(wait: str, answer: Any, image: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [[{"kind": "moved"}], []]
    monkeypatch.setattr(blocked, "look", lambda dags: looks.pop(0) if dags == {"d": "d.py"} else None)
    monkeypatch.setattr(cli, "AGAIN_S", 0.01)
    assert ask("blocked", "--wait", wait) == answer


def test_a_folder_without_a_dag_is_the_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(parsed.NoDags, match="holds no DAG: is it the DAGs folder of the image"):
        parsed.dags(tmp_path)


def test_dags_and_errors_are_told_by_their_files(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "good.py").write_text("from airflow.sdk import DAG\ndag = DAG('good', schedule=None)\n")
    (tmp_path / "bad.py").write_text("from airflow.sdk import DAG\nnonsense\n")
    found = parsed.dags(tmp_path)
    assert found.dags == {"good": "team/good.py"}
    assert list(found.errors) == ["bad.py"]
    assert "nonsense" in found.errors["bad.py"]


def test_triggers_of_our_own_are_found_without_importing_them(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    code = "import no_such_module\nclass Open(base.BaseTrigger): ...\nclass Supervisor(TriggerRunnerSupervisor): ...\n"
    (tmp_path / "pipelines" / "gate.py").write_text(code)
    assert parsed.triggers(tmp_path) == ["pipelines.gate.Open"]
