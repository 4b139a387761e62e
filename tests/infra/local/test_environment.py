"""Environments: the shared settings, what a process adds, and what a worker never gets."""

import json
import re
import stat
from base64 import urlsafe_b64decode
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import environment
from infra.local.layout import ROOT, Layout

SECRETS = {"AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"}
NOT_FOR_WORKERS = re.compile(r"AIRFLOW__DATABASE__|AIRFLOW__SECRETS__|JWT_SECRET|FERNET|SECRET_KEY")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(state=tmp_path, airflow_port=8081, aws_port=4567, dags=ROOT / "dags")


def test_the_shared_settings_are_those_of_the_file() -> None:
    settings = environment.shared()
    lines = (ROOT / "docker" / "airflow.env").read_text().splitlines()
    assert len(settings) == sum(bool(re.match(r"\w+=", line)) for line in lines) > 10
    lanes = "LocalExecutor:fargate.local_lane.LocalLane,FargateExecutor:fargate.executor.AwsFargateExecutor"
    assert settings["AIRFLOW__CORE__EXECUTOR"] == lanes
    assert settings["AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID"] == ""


def test_the_lines_of_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "airflow.env"
    file.write_text("# a comment\n\nA=1\n  B=two words \nC=\nD=x=y # kept\n#E=5\n")
    monkeypatch.setattr(environment, "AIRFLOW_ENV", file)
    assert environment.shared() == {"A": "1", "B": "two words", "C": "", "D": "x=y # kept"}


def test_the_shared_settings_hold_no_secret() -> None:
    found = [name for name in environment.shared() if re.search(r"SECRET|FERNET|PASSWORD|SQL_ALCHEMY_CONN", name)]
    assert found == []


def test_a_stack_may_have_settings_of_its_own(layout: Layout) -> None:
    assert environment.own(layout) == {}
    (layout.state / "airflow.env").write_text("AIRFLOW__CORE__PARALLELISM=7\nAIRFLOW__API__WORKERS=3\n")
    control_plane = environment.control_plane(layout)
    assert (control_plane["AIRFLOW__CORE__PARALLELISM"], control_plane["AIRFLOW__API__WORKERS"]) == ("7", "3")


def test_the_control_plane_has_the_shared_settings_and_its_own_addresses(layout: Layout) -> None:
    made = environment.control_plane(layout)
    assert {name: made[name] for name in environment.shared()} == environment.shared()
    assert {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://airflow@/postgres?host={layout.sockets}",
        "AIRFLOW__API__PORT": "8081",
        "AIRFLOW__API__BASE_URL": "http://127.0.0.1:8081",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://127.0.0.1:8081/execution/",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS": "subnet-0000000000000000a,subnet-0000000000000000c",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4567",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:4567/_fargate/credentials/airflow-host",
        "HOME": str(layout.tmp),
    }.items() <= made.items()


@pytest.mark.parametrize("build", [environment.control_plane, environment.worker])
def test_nothing_of_the_shell_leaks(layout: Layout, monkeypatch: pytest.MonkeyPatch, build: object) -> None:
    assert callable(build)
    before = build(layout)
    for name in ("A_TOKEN_OF_MINE", "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AIRFLOW__CORE__PARALLELISM", "PYTHONPATH"):
        monkeypatch.setenv(name, "of the shell")
    monkeypatch.setenv("PATH", "/of/the/shell")
    monkeypatch.setenv("HOME", "/of/the/shell")
    assert build(layout) == before
    assert "of the shell" not in str(before)


def test_what_is_passed_on_is_language_and_zone(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANG", "LC_ALL", "TZ"):
        monkeypatch.setenv(name, f"value of {name}")
    made = environment.worker(layout)
    assert [made[name] for name in ("LANG", "LC_ALL", "TZ")] == ["value of LANG", "value of LC_ALL", "value of TZ"]
    monkeypatch.delenv("TZ")
    assert "TZ" not in environment.worker(layout)


def test_a_worker_has_no_secret_of_the_control_plane(layout: Layout) -> None:
    assert {name for name in environment.control_plane(layout) if NOT_FOR_WORKERS.search(name)} >= SECRETS
    worker = environment.worker(layout)
    assert [name for name in worker if NOT_FOR_WORKERS.search(name)] == []
    secrets = json.loads((layout.state / "secrets.json").read_text()).values()
    assert [value for value in worker.values() if value in secrets] == []
    assert "postgresql" not in str(worker)


def test_a_worker_has_credentials_and_a_home_of_its_own(layout: Layout) -> None:
    worker, control_plane = environment.worker(layout), environment.control_plane(layout)
    assert worker["AWS_CONTAINER_CREDENTIALS_FULL_URI"].endswith("/credentials/airflow-task")
    assert worker["AIRFLOW_HOME"] == str(layout.state / "worker") != control_plane["AIRFLOW_HOME"]


def test_a_worker_in_a_container_has_the_rest_from_its_image(layout: Layout) -> None:
    assert environment.worker(replace(layout, runtime="docker")) == {
        "AWS_ENDPOINT_URL": "http://169.254.170.2:4567",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2:4567/_fargate/credentials/airflow-task",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_secrets_are_made_once_and_are_nobody_elses_to_read(layout: Layout) -> None:
    first = environment.control_plane(layout)
    file = layout.state / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {name: first[name] for name in SECRETS}
    assert environment.control_plane(layout) == first
    assert [path.name for path in layout.state.iterdir()] == ["secrets.json"]


def test_another_stack_has_other_secrets(layout: Layout, tmp_path: Path) -> None:
    other = Layout(state=tmp_path / "other", airflow_port=8082, aws_port=4568, dags=layout.dags)
    other.state.mkdir()
    first, second = environment.control_plane(layout), environment.control_plane(other)
    assert all(first[name] != second[name] for name in SECRETS)


def test_secrets_are_long_enough(layout: Layout) -> None:
    made = environment.control_plane(layout)
    assert len(urlsafe_b64decode(made["AIRFLOW__CORE__FERNET_KEY"])) == 32
    assert len(made["AIRFLOW__API__SECRET_KEY"]) >= 43
    assert len(made["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64  # what HS512 wants


def test_parsing_needs_neither_database_nor_aws(tmp_path: Path) -> None:
    made = environment.parsing(tmp_path)
    assert made["AIRFLOW_HOME"] == str(tmp_path)
    assert made["AIRFLOW__CORE__DAGS_FOLDER"] == str(ROOT / "dags")
    assert made["AIRFLOW__LOGGING__REMOTE_LOGGING"] == "False"
    assert [name for name in made if name in SECRETS or "ENDPOINT" in name or "SQL_ALCHEMY" in name] == []
