"""plugins/.airflowignore is load-bearing: without it, Airflow's loader runs our packages by their bare names."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.environment import parsing

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
POLICY = "airflow_local_settings.py"  # Airflow imports it by itself
# the loader itself, as airflow.plugins_manager calls it, in a process whose modules nobody minds
PROGRAM = """
import json, sys
from airflow._shared.plugins_manager import plugins_manager
before = set(sys.modules)
plugins, errors = plugins_manager._load_plugins_from_plugin_directory(sys.argv[1])
print(json.dumps({"plugins": [plugin.name for plugin in plugins], "modules": sorted(set(sys.modules) - before)}))
"""


def modules_of(package: str) -> set[str]:
    """Return the bare names of the modules of a package of ours."""
    return {path.stem for path in (PLUGINS / package).rglob("*.py")} - {"__init__"}


def load(folder: Path, home: Path) -> dict[str, list[str]]:
    environment = {
        **os.environ,
        **parsing(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder),
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, env=environment, cwd=home, check=True, capture_output=True, text=True)
    loaded: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return loaded


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(PLUGINS, tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.parametrize("package", ["fargate", "pipelines"])
def test_our_packages_have_modules(package: str) -> None:
    assert len(modules_of(package)) > 3


def test_the_loader_runs_the_plugins_and_none_of_our_packages(copy: Path, tmp_path: Path) -> None:
    loaded = load(copy, tmp_path)
    assert loaded["plugins"] == ["reports"]
    assert "reports" in loaded["modules"]
    assert modules_of("fargate") & set(loaded["modules"]) == set()
    assert modules_of("pipelines") & set(loaded["modules"]) == set()


def test_without_the_file_it_runs_all_of_them_by_their_bare_names(copy: Path, tmp_path: Path) -> None:
    (copy / ".airflowignore").unlink()
    loaded = load(copy, tmp_path)
    assert {"settings", "sizes", "executor"} <= modules_of("fargate") & set(loaded["modules"])
    assert {"lake", "report"} <= modules_of("pipelines") & set(loaded["modules"])


@pytest.mark.parametrize(("ignored", "times"), [(True, 1), (False, 2)])
def test_the_policy_is_imported_and_not_loaded_as_well(copy: Path, tmp_path: Path, ignored: bool, times: int) -> None:
    with open(copy / POLICY, "a") as policy:
        policy.write("with open(f'{__file__}.runs', 'a') as runs:\n    runs.write('once ')\n")
    if not ignored:
        lines = (copy / ".airflowignore").read_text().replace(POLICY, "")
        (copy / ".airflowignore").write_text(lines)
    load(copy, tmp_path)
    assert (copy / f"{POLICY}.runs").read_text().split() == ["once"] * times


def test_every_package_is_in_the_file() -> None:
    packages = {f"{path.parent.name}/" for path in PLUGINS.glob("*/__init__.py")}
    lines = (PLUGINS / ".airflowignore").read_text().splitlines()
    assert packages >= {"fargate/", "pipelines/"}
    assert {line for line in lines if line and not line.startswith("#")} == {*packages, POLICY}
