"""The table of DAGs in dags/README.md."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, task

from scripts import dag_table

START = pendulum.datetime(2026, 1, 1, tz="Asia/Seoul")


def dag(dag_id: str = "flights", *executors: str | None, schedule: str | None = None) -> DAG:
    doc = "### Delays\n\nText."
    with DAG(dag_id, schedule=schedule, start_date=START, tags=["b", "a"], doc_md=doc) as made:
        for number, executor in enumerate(executors):
            task(lambda: None, task_id=f"task_{number}", executor=executor)()
    return made


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dag_table, "README", tmp_path / "README.md")
    monkeypatch.setattr(dag_table, "load_dags", lambda: [dag("a", None), dag("b", None)])
    return tmp_path / "README.md"


def test_a_row() -> None:
    made = dag("flights", None, "FargateExecutor", None, schedule="0 6 * * *")
    expected = "| [flights](flights.py) | Delays | `0 6 * * *` Asia/Seoul | FargateExecutor, LocalExecutor | a, b |\n"
    assert dag_table.row(made) == expected


def test_a_row_of_a_dag_without_a_schedule() -> None:
    expected = "| [flights](flights.py) | Delays | by REST or by hand | LocalExecutor | a, b |\n"
    assert dag_table.row(dag("flights", None)) == expected


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ("### Title\n\nText", "Title"),
        ("\n\n  # Title of\nmore", "Title of"),
        ("Without a mark", "Without a mark"),
        ("", ""),
    ],
)
def test_the_summary_is_the_title(doc: str, expected: str) -> None:
    assert dag_table.summary(doc) == expected


def test_the_table_is_written_and_then_up_to_date(readme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme.write_text("")
    assert dag_table.main(["--check"]) == 1
    assert capsys.readouterr().err == "dags/README.md is out of date: run scripts/dag_table\n"
    assert readme.read_text() == ""
    assert (dag_table.main([]), dag_table.main(["--check"])) == (0, 0)
    lines = readme.read_text().splitlines()
    assert (lines[0], len(lines)) == ("# DAGs", 8)
    assert [line.partition("]")[0] for line in lines[6:]] == ["| [a", "| [b"]


def test_the_dags_of_the_house_are_loaded_in_order() -> None:
    found = [made.dag_id for made in dag_table.load_dags()]
    assert "flight_delays" in found
    assert found == sorted(found)
    assert len(found) == len(list((dag_table.ROOT / "dags").glob("*.py")))


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda folder: None, "cannot read the DAGs: there are none in dags/"),
        (lambda folder: (folder / "bad.py").write_text("import airflow, dag\n1 / 0\n"), "cannot read the DAGs: {"),
    ],
)
def test_no_table_is_made_of_dags_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Callable[[Path], Any], message: str
) -> None:
    (tmp_path / "dags").mkdir()
    fill(tmp_path / "dags")
    monkeypatch.setattr(dag_table, "ROOT", tmp_path)
    with pytest.raises(SystemExit) as left:
        dag_table.load_dags()
    assert str(left.value.code).startswith(message)


@pytest.mark.parametrize(("arguments", "code"), [(["-h"], 0), (["--chekc"], 2), (["--check", "x"], 2)])
def test_its_usage(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert dag_table.main(arguments) == code
    assert capsys.readouterr().out.startswith("Write the table of DAGs in dags/README.md")
