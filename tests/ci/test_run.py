"""The jobs of a push, run for real from a clean clone; TESTS=full, since it installs all packages."""

import pytest

from tests.ci.runner import ACCOUNTS, Project, cache

pytestmark = pytest.mark.timeout(1500)


def test_a_push_of_a_dag_is_checked(project: Project) -> None:
    project.on_a_branch()
    project.commit({"dags/smoke.py": (project.folder / "dags" / "smoke.py").read_text() + "\n# changed\n"})
    result = project.run(UV_CACHE_DIR=cache(), **ACCOUNTS)
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-6000:]
    for name in ("settings", "check", "dags"):
        assert f"PASS  {name}" in said
    assert "==> this job runs because a DAG changed or something that DAGs import" in said
    assert (project.folder / ".local" / "reports" / "dags.xml").exists()


def test_a_push_of_a_broken_dag_stops_there(project: Project) -> None:
    project.on_a_branch()
    project.commit({"dags/broken.py": "import no_such_module\n"})
    result = project.run(UV_CACHE_DIR=cache(), **ACCOUNTS)
    said = result.stdout + result.stderr
    assert result.returncode != 0
    assert "no_such_module" in said
    assert "PASS  dags" not in said
