"""The logging class of the control plane is found by Airflow early, and is not what workers load."""

import json
import os
import subprocess
import sys
from pathlib import Path

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG

from fargate import log_config
from infra.local.environment import parsing, shared
from infra.local.layout import ROOT

NAME = "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS"
PROGRAM = """
import sys
from airflow.logging_config import get_default_remote_conn_id, get_remote_task_log
from airflow.sdk.log import load_remote_log_handler
print(type(get_remote_task_log()).__module__, type(load_remote_log_handler()).__module__, get_default_remote_conn_id())
print(*sorted(name for name in sys.modules if name.startswith("fargate")))
"""


def run(home: Path, **settings: str) -> list[str]:
    """Start Airflow with the shared settings, and only [core] plugins_folder to find our code by."""
    environment = {**parsing(home), "PATH": os.environ["PATH"], **settings}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-2:]


REMOTE = {"AIRFLOW__LOGGING__REMOTE_LOGGING": "True", "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": "s3://logs/airflow"}
PROVIDER = "airflow.providers.amazon.aws.log.s3_task_handler"


def test_airflow_finds_it(tmp_path: Path) -> None:
    found, _ = run(tmp_path, **REMOTE, AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID="")
    assert found == "fargate.task_logs fargate.task_logs None"


def test_a_worker_has_the_providers_and_loads_nothing_of_ours(tmp_path: Path) -> None:
    found, loaded = run(tmp_path, **REMOTE, **{NAME: ""})
    assert (found.split(), loaded) == ([PROVIDER, PROVIDER], "")


def test_without_remote_logs_there_is_none() -> None:
    assert os.environ["AIRFLOW__LOGGING__REMOTE_LOGGING"] == "False"
    assert log_config.REMOTE_TASK_LOG is None
    assert log_config.LOGGING_CONFIG is DEFAULT_LOGGING_CONFIG


def test_the_control_plane_has_it_and_workers_have_not() -> None:
    assert shared()[NAME] == "fargate.log_config.LOGGING_CONFIG"
    [container] = json.loads((ROOT / "infra" / "worker-task-definition.json").read_text())["containerDefinitions"]
    names = {entry["name"] for entry in container["environment"]}
    assert "AIRFLOW__LOGGING__REMOTE_LOGGING" in names
    assert NAME not in names
