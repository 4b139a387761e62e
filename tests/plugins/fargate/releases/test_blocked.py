"""What a release would break of unfinished runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fargate.releases import archive, blocked
from fargate.releases import record as records
from tests.plugins.fargate.releases.conftest import A, B, record
from tests.plugins.fargate.releases.test_archive import Code

BEFORE = {A: {"stays": "stays.py", "moves": "moves.py", "goes": "goes.py"}}


def test_a_moved_file_is_told_with_its_runs() -> None:
    runs = {("stays", A): 1, ("moves", A): 3, ("goes", A): 2}
    now = {"stays": "stays.py", "moves": "team/moves.py", "comes": "comes.py"}
    [found] = blocked.moved(runs, BEFORE, now)
    assert {name: found[name] for name in ("kind", "dag_id", "release", "runs", "from", "to")} == {
        **{"kind": "moved", "dag_id": "moves", "release": A, "runs": 3, "from": "moves.py", "to": "team/moves.py"}
    }
    assert found["text"] == (
        f"3 unfinished runs of moves need moves.py of release {A}, and it would be team/moves.py: "
        f"let them end, or leave the file where it is"
    )


def test_a_release_without_a_record_is_said(s3: Any, said: Callable[[], list[str]]) -> None:
    records.write(record(A, dags=BEFORE[A]))
    assert blocked.files([B, A, A]) == BEFORE
    assert said()[0].startswith(f"What it would break of release {B} is not known: release {B} has no record")


def test_a_class_is_looked_for_with_the_code_of_its_release(
    s3: Any, code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Release A has the class in its plugins, this one has not; nobody has the library of the third."""
    of_a, of_b = code("A"), code("B")
    (of_a[1] / "pipelines" / "gate.py").write_text("class Open: pass\n")
    own = {"AIRFLOW__CORE__DAGS_FOLDER": of_b[0], "AIRFLOW__CORE__PLUGINS_FOLDER": of_b[1], "PYTHONPATH": of_b[1]}
    for name, value in own.items():
        monkeypatch.setenv(name, str(value))
    storage = tmp_path / "bundles"
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(storage))
    archive.put(A, archive.make(*of_a))
    archive.fetch(A, storage / "dags-folder" / "versions" / A)
    waiting = [
        {"classpath": "pipelines.gate.Open", "dag_id": "d", "release": A, "count": 2},
        {"classpath": "pipelines.gate.Open", "dag_id": "d", "release": B, "count": 1},
        {"classpath": "no_such_library.Open", "dag_id": "d", "release": A, "count": 1},
    ]
    found = blocked.unrunnable(waiting)
    assert [(each["classpath"], each["release"]) for each in found] == [
        ("no_such_library.Open", A),
        ("pipelines.gate.Open", B),
    ]
    assert found[0]["text"] == (
        f"1 tasks of d wait for no_such_library.Open, which this image cannot import with the code of release {A}: "
        f"ModuleNotFoundError: No module named 'no_such_library'. Let them end first"
    )
