"""What a merge request is told that it changes."""

import subprocess
from pathlib import Path

import pytest

from scripts.ci import changes

HEAD = "# DAGs\n\n| DAG | what it does | starts |\n|---|---|---|\n"
FLIGHTS, SMOKE = "| [flights](flights.py) | Flights | `0 6 * * *` |\n", "| [smoke](smoke.py) | Works | by hand |\n"
TFVARS = 'environment = "staging"\nregion = "ap-northeast-2"\ndomain_name = "a.example.com"\ngitlab_project = "g/p"\n'


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit on main, and a branch."""
    monkeypatch.setattr(changes, "RESULT", tmp_path / "changes.md")
    monkeypatch.setattr(changes, "git", lambda *words: run(tmp_path, *words))
    monkeypatch.setattr(changes, "show", lambda revision, name: shown(tmp_path, revision, name))
    run(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, {"dags/README.md": HEAD + FLIGHTS, "dags/flights.py": "1", "infra/env/staging.tfvars": TFVARS})
    run(tmp_path, "checkout", "-q", "-b", "branch")
    return tmp_path


def run(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def shown(folder: Path, revision: str, name: str) -> str:
    found = subprocess.run(["git", "show", f"{revision}:{name}"], cwd=folder, capture_output=True, text=True)
    return "" if found.returncode else found.stdout


def commit(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", "c")


def told(repository: Path) -> dict[str, list[str]]:
    """Return the lines below each title."""
    assert changes.main(["main"]) == 0
    parts = (repository / "changes.md").read_text().split("\n## ")[1:]
    return {part.splitlines()[0]: [line for line in part.splitlines()[1:] if line] for part in parts}


def test_a_change_of_a_dag(repository: Path) -> None:
    commit(repository, {"dags/flights.py": "2"})
    found = told(repository)
    assert found["DAGs"] == ["- changed: `dags/flights.py`"]
    assert found["Image"] == ["- the code"]
    assert found["Infrastructure"] == found["A month's cost"] == ["nothing"]


def test_a_dag_that_is_new_and_one_that_starts_at_another_time(repository: Path) -> None:
    later = FLIGHTS.replace("6", "7")
    commit(repository, {"dags/README.md": HEAD + later + SMOKE, "dags/smoke.py": "1", "dags/flights.py": "2"})
    assert told(repository)["DAGs"] == [f"- new: {SMOKE.strip()}", f"- was {FLIGHTS.strip()}", f"- is {later.strip()}"]


def test_packages_bring_all_layers_above_them(repository: Path) -> None:
    commit(repository, {"docker/requirements.txt": "a==1"})
    assert told(repository)["Image"] == [
        "- the packages: a minute to build, pulled anew by every host and task",
        "- the code",
    ]


def test_another_size_costs_more(repository: Path) -> None:
    commit(repository, {"infra/env/staging.tfvars": TFVARS + "database_multi_az = true\n"})
    [line] = told(repository)["A month's cost"]
    before, after = (float(word.lstrip("$").replace(",", "")) for word in line.split() if word.startswith("$"))
    assert line.startswith("- staging: $")
    assert 0 < before < after
    assert told(repository)["Infrastructure"] == ["- `infra/env/staging.tfvars`"]


def test_a_base_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert changes.main(["no-such-branch"]) == 2
    assert "error: git merge-base no-such-branch HEAD: " in capsys.readouterr().err
