"""The image of this checkout, as every process of a release runs in it."""

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from infra.local.environment import parsing
from scripts.image import revision
from scripts.images import layers
from tests.deploy import in_image
from tests.deploy.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
GOAL_MB = 130
# as infra/worker-task-definition.json has a worker, and without a network
STRICT = ("--rm", "--interactive", "--read-only", "--network=none", "--cap-drop=ALL", "--user=50000")
# what a process has besides the image, but for the folders of this checkout
GIVEN = {name: value for name, value in parsing(Path("/opt/airflow")).items() if not name.endswith("_FOLDER")}
SETTINGS = tuple(word for name, value in GIVEN.items() for word in ("--env", f"{name}={value}"))


def run(engine: Engine, image: str, *command: str, script: str = "") -> str:
    return engine.out("run", *STRICT, *SETTINGS, image, *command, input=script)


def python(engine: Engine, image: str, script: Callable[[], None]) -> object:
    """Run a function of in_image in the image; it prints JSON on its last line."""
    return json.loads(run(engine, image, "python", "-", script=in_image.source(script)).splitlines()[-1])


def test_airflow_has_the_version_that_is_pinned(engine: Engine, image: str) -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = next(line.partition("==")[2] for line in stated if line.startswith("apache-airflow=="))
    assert run(engine, image, "airflow", "version").splitlines()[-1] == pinned


def test_a_command_needs_no_file_of_its_own(engine: Engine, image: str) -> None:
    """Airflow writes an airflow.cfg where it finds none, which a read-only root refuses."""
    said = run(engine, image, "airflow", "config", "get-value", "core", "executor")
    assert said.splitlines()[-1] == GIVEN["AIRFLOW__CORE__EXECUTOR"]


def test_every_dag_can_be_imported(engine: Engine, image: str) -> None:
    found = python(engine, image, in_image.dags)
    files = {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert files
    assert found == {"errors": {}, "dags": sorted(files)}


def test_the_process_is_nobody_and_writes_to_tmp_alone(engine: Engine, image: str) -> None:
    assert run(engine, image, "sh", "-c", "id -u; id -g; touch /tmp/x && echo written").split() == [
        "50000",
        "0",
        "written",
    ]
    config = json.loads(engine.out("image", "inspect", image, "--format", "{{json .Config}}"))
    assert config["User"] == "50000:0"
    assert config["Volumes"] == {"/tmp": {}}
    assert (config.get("Entrypoint"), config.get("Cmd")) == (None, None)


def test_no_file_can_be_changed_by_the_process(engine: Engine, image: str) -> None:
    """Not even where the root is writable; the search sees, since it finds both folders for what is temporary."""
    search = "find / -xdev ( -path /proc -o -path /dev ) -prune -o ! -type l -writable -print"
    found = engine.run("run", "--rm", "--network=none", image, *search.split(), check=False).stdout.split()
    assert found == ["/tmp", "/var/tmp"]


def test_no_file_gives_another_user(engine: Engine, image: str) -> None:
    search = "find / -xdev ( -path /proc -o -path /dev ) -prune -o -type f -perm /6000 -print"
    assert engine.run("run", "--rm", "--network=none", image, *search.split(), check=False).stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        *("gcc", "cc", "ld", "make", "strip", "apt", "apt-get", "dpkg", "pip", "uv", "perl"),
        *("git", "curl", "su", "mount"),
    ],
)
def test_nothing_is_there_that_builds_or_installs(engine: Engine, image: str, command: str) -> None:
    assert run(engine, image, "sh", "-c", f"command -v {command} || echo none") == "none"


def test_python_cannot_install(engine: Engine, image: str) -> None:
    assert python(engine, image, in_image.installers) == []


def test_nothing_of_the_index_or_of_the_mirror_stays(engine: Engine, image: str) -> None:
    """Neither in the history, nor in a file; the control is a name that is there."""
    said = engine.out("image", "history", "--no-trunc", image) + engine.out("image", "inspect", image)
    assert not re.findall(r"index-url|INDEX_URL|://[^/ ]*@|PIP_CERT", said)
    names = python(engine, image, in_image.file_names)
    assert isinstance(names, list)
    assert "os-release" in names
    assert not {
        "pip.conf",
        "uv.toml",
        "sources.list",
        "debian.sources",
        ".netrc",
        "auth.json",
        "build-requirements.txt",
    } & {*names}


def test_labels_name_the_commit_and_the_version(engine: Engine, image: str) -> None:
    labels = json.loads(engine.out("image", "inspect", image, "--format", "{{json .Config.Labels}}"))
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}revision"] == revision() != "unknown"
    committed = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True).stdout
    # by this a deploy knows an older commit than what serves
    assert datetime.fromisoformat(labels[f"{prefix}created"]).timestamp() == int(committed)
    assert labels[f"{prefix}version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_a_start_compiles_nothing(engine: Engine, image: str) -> None:
    seen = python(engine, image, in_image.compiled_files)
    assert isinstance(seen, dict)
    assert seen["loaded"] > 1000
    assert seen["compiled"] == []


def test_a_start_writes_nothing(engine: Engine, image: str) -> None:
    name = engine.out("create", *SETTINGS, image, "airflow", "version")
    try:
        engine.run("start", "--attach", name)
        assert [line for line in engine.out("diff", name).splitlines() if not line.startswith("C /tmp")] == []
    finally:
        engine.run("rm", "--force", "--volumes", name)


def test_every_client_of_aws_can_be_made(engine: Engine, image: str) -> None:
    found = python(engine, image, in_image.aws_clients)
    assert isinstance(found, dict)
    assert {"s3", "ecs", "logs", "secretsmanager", "ssm"} <= {*found}
    assert set(found.values()) == {"made"}


def test_it_is_small(engine: Engine, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    found = layers.of(image)
    assert {layer.media_type for layer in found} == {"application/vnd.oci.image.layer.v1.tar+zstd"}
    assert sum(layer.size for layer in found) < GOAL_MB * 1e6
    assert 0 < found[2].size < 1e6  # dags and plugins: what a release brings
