"""The DAGs folder as a bundle: what is baked in, what is fetched, and what a process that runs it has."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow import settings as airflow_settings
from airflow.dag_processing.bundles import base
from airflow.dag_processing.bundles.manager import DagBundlesManager

from fargate import bundle
from fargate.bundle import NAME, ReleaseBundle
from fargate.releases import archive
from infra.local.environment import shared
from infra.local.layout import ROOT
from tests.plugins.fargate.releases.conftest import A, B
from tests.plugins.fargate.releases.test_archive import Code

# a process that has imported this release's code, and then runs as release A
PROGRAM = """
import json, os, sys
import pipelines.body, fargate.payloads
before = [pipelines.body.WORD, fargate.payloads.__file__]
from fargate.bundle import run_as
run_as(sys.argv[1])
import pipelines.body, fargate.payloads
try:
    import pipelines.only_here as found
except ImportError:
    found = None
print(json.dumps({"before": before, "after": [pipelines.body.WORD, fargate.payloads.__file__], "found": bool(found),
                  "plugins": os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"], "path": os.environ["PYTHONPATH"]}))
"""


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bundles"
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(folder))
    return folder


def test_airflow_makes_it_as_the_settings_name_it() -> None:
    [made] = DagBundlesManager().get_all_dag_bundles()
    assert (type(made), made.name) == (ReleaseBundle, NAME)
    assert made.path == Path(airflow_settings.DAGS_FOLDER)


@pytest.mark.parametrize("version", [None, B])
def test_this_release_is_baked_in(version: str | None) -> None:
    made = ReleaseBundle(name=NAME, version=version)
    made.initialize()
    assert made.supports_versioning
    assert made.path == Path(airflow_settings.DAGS_FOLDER)
    assert made.get_current_version() == base.BundleVersion(B)


def test_without_a_release_there_are_no_versions(monkeypatch: pytest.MonkeyPatch, storage: Path) -> None:
    monkeypatch.delenv("FARGATE_RELEASE")
    made = ReleaseBundle(name=NAME)
    made.initialize()
    assert (made.supports_versioning, made.get_current_version()) == (False, None)
    assert made.path == Path(airflow_settings.DAGS_FOLDER)
    assert not storage.exists()


def test_another_release_is_fetched_once_however_many_ask(
    s3: Any, code: Code, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.put(A, archive.make(*code("A")))
    fetched: list[Path] = []
    fetch = archive.fetch
    monkeypatch.setattr(archive, "fetch", lambda release, folder: (fetched.append(folder), fetch(release, folder)))
    for _ in range(3):
        made = ReleaseBundle(name=NAME, version=A)
        made.initialize()
    assert fetched == [storage / NAME / "versions" / A]
    assert made.path == fetched[0] / "dags"
    assert made.get_current_version() == base.BundleVersion(A)
    assert (made.path / "a_dag.py").read_text() == "WORD = 'A'\n"


def test_two_processes_at_once_make_one_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fetch notes itself, and takes a while; what is not under the lock would note itself twice."""
    program = f"""
import sys, time
from pathlib import Path
from fargate import bundle
def fetch(release, folder):
    with open({str(tmp_path / "fetched")!r}, "a") as file:
        file.write("x")
    time.sleep(0.5)
    (folder / "dags").mkdir(parents=True)
bundle.archive.fetch = fetch
bundle.ReleaseBundle(name=bundle.NAME, version={A!r}).initialize()
"""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "plugins"))
    both = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert (tmp_path / "fetched").read_text() == "x"


def test_a_missing_one_is_named(s3: Any) -> None:
    with pytest.raises(archive.MissingArchive, match=f"the code of release {A} is not in s3://"):
        ReleaseBundle(name=NAME, version=A).initialize()


def test_airflows_cleanup_survives_what_is_baked_in(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It removes the folder of a version that a task used long ago; here that was never fetched."""
    monkeypatch.setattr(base, "STALE_BUNDLE_TRACKING_FOLDER", storage / "_tracking")
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_MIN_VERSIONS", "0")
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_AGE_THRESHOLD", "0")
    ReleaseBundle(name=NAME, version=B).initialize()
    with base.BundleVersionLock(NAME, B):
        pass
    tracked = storage / "_tracking" / NAME / B
    assert tracked.exists()
    base.BundleUsageTrackingManager().remove_stale_bundle_versions()
    assert not tracked.exists()


def test_and_is_not_asked_for() -> None:
    assert shared()["AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL"] == "0"


def test_a_new_release_is_written_at_once() -> None:
    """Otherwise a run may have a version's number, and the tasks of the one before."""
    assert shared()["AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL"] == "0"


def test_a_process_runs_as_another_release(s3: Any, code: Code, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it imported before is forgotten, and what only this release has is not found."""
    of_a, of_b = code("A"), code("B")
    (of_b[1] / "pipelines" / "only_here.py").touch()
    archive.put(A, archive.make(*of_a))
    archive.fetch(A, bundle.release_folder(A))
    folders = {"AIRFLOW__CORE__DAGS_FOLDER": of_b[0], "AIRFLOW__CORE__PLUGINS_FOLDER": of_b[1], "PYTHONPATH": of_b[1]}
    for name, value in folders.items():
        monkeypatch.setenv(name, str(value))
    command = [sys.executable, "-c", PROGRAM, A]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    plugins = storage / NAME / "versions" / A / "plugins"
    assert told == {
        "before": ["B", str(of_b[1] / "fargate" / "payloads.py")],
        "after": ["A", str(plugins / "fargate" / "payloads.py")],
        **{"found": False, "plugins": str(plugins), "path": str(plugins)},
    }


@pytest.mark.parametrize("release", [None, B])
def test_as_its_own_release_nothing_changes(release: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Path] = []
    monkeypatch.setattr(bundle.code, "use", used.append)
    bundle.run_as(release)
    assert used == []
