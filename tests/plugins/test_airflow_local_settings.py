"""Airflow asks our policy about every task, and a DAG that Fargate would refuse is an import error in words."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow import settings
from airflow.dag_processing.dagbag import DagBag
from airflow.executors.executor_loader import ExecutorLoader
from airflow.executors.executor_utils import ExecutorName

from infra.local.environment import parsing
from infra.local.layout import ROOT

HEAD = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task
from fargate import fargate

with DAG("a_dag", schedule=None) as dag:
"""
SPOT = "{'capacityProvider': 'SPOT', 'weight': 1}"
NO_MEMORY = "{'overrides': {'cpu': '1024', 'memory': '1024'}}"
TOO_SMALL = (
    "overrides has {'cpu': '1024', 'memory': '1024'}, of which 1024 are one: "
    "memory=1.0 GiB with cpu=1.0 vCPU: legal are 2, 3, 4, 5, 6, 7, 8"
)
# what the dag-processor does with a file, in a process with its environment
PROCESSOR = """
import json, sys
from pathlib import Path
from airflow.dag_processing.processor import DagFileParseRequest, _parse_file
import structlog
folder = Path(sys.argv[1])
file = str(folder / "a_dag.py")
request = DagFileParseRequest(file=file, bundle_path=folder, bundle_name="dags", callback_requests=[])
result = _parse_file(request, log=structlog.get_logger())
names = sorted(name for name in sys.modules if name in ("airflow_local_settings", "fargate.executor", "moto"))
print(json.dumps({"errors": result.import_errors, "dags": len(result.serialized_dags), "modules": names}))
"""


def errors(folder: Path, body: str) -> list[str]:
    """Return the import errors of a DAG with these lines."""
    (folder / "a_dag.py").write_text(HEAD + "".join(f"    {line}\n" for line in body.splitlines()))
    bag = DagBag(folder)
    assert bool(bag.dags) is not bool(bag.import_errors)
    return list(bag.import_errors.values())


def refused(task_id: str, why: str) -> list[str]:
    return [f"AirflowClusterPolicyViolation: DAG 'a_dag', task {task_id!r}: {why}"]


def operator(config: str, executor: str | None = "FargateExecutor") -> str:
    return f"BashOperator(task_id='b', bash_command='true', executor={executor!r}, executor_config={config})"


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (NO_MEMORY, TOO_SMALL),
        (
            "{'overrides': {'ephemeralStorage': {'sizeInGiB': 20}}}",
            "disk=20 GiB: legal are whole numbers from 21 to 200; 20 come with every task",
        ),
        (
            f"{{'capacityProviderStrategy': [{SPOT}]}}",
            "capacityProvider='SPOT': legal are FARGATE and FARGATE_SPOT",
        ),
        (
            "{'launchType': 'FARGATE'}",
            "executor_config has launchType; legal are capacityProviderStrategy, enableExecuteCommand, "
            "networkConfiguration, overrides, platformVersion, propagateTags, tags, taskDefinition",
        ),
        (
            "{'overrides': {'containerOverrides': [{'environment': []}]}}",
            "containerOverrides has a container None: the worker's is 'airflow', and must be named",
        ),
    ],
)
def test_a_config_made_by_hand_is_an_import_error(tmp_path: Path, config: str, why: str) -> None:
    assert errors(tmp_path, operator(config)) == refused("b", why)


@pytest.mark.parametrize("executor", ["FargateExecutor", "fargate.executor.AwsFargateExecutor", "AwsFargateExecutor"])
def test_every_name_of_the_executor_is_known(tmp_path: Path, executor: str) -> None:
    assert errors(tmp_path, operator(NO_MEMORY, executor)) == refused("b", TOO_SMALL)


@pytest.mark.parametrize(
    "body",
    [
        f"task(lambda a: a, task_id='b', executor='FargateExecutor', executor_config={NO_MEMORY})(1)",
        f"task(lambda a: a, task_id='b', executor='FargateExecutor', executor_config={NO_MEMORY}).expand(a=[1, 2])",
        f"BashOperator.partial(task_id='b', executor='FargateExecutor', executor_config={NO_MEMORY})"
        ".expand(bash_command=['true', 'false'])",
        f"dag.default_args |= {{'executor': 'FargateExecutor', 'executor_config': {NO_MEMORY}}}\n"
        "task(lambda a: a, task_id='b')(1)",
        f"ok = {operator(NO_MEMORY, 'LocalExecutor').replace(chr(39) + 'b', chr(39) + 'a')}\n{operator(NO_MEMORY)}",
    ],
    ids=["task", "mapped task", "mapped operator", "default_args", "second task"],
)
def test_every_kind_of_task_is_asked_about(tmp_path: Path, body: str) -> None:
    assert errors(tmp_path, body) == refused("b", TOO_SMALL)


@pytest.mark.parametrize(
    "config",
    [
        "None",
        "{}",
        "fargate(cpu=1, memory=2, disk=30, spot=True, env={'A': 'b'}, definition='with-gdal:7')",
        "{'overrides': {'cpu': '1024', 'memory': '2048'}, 'tags': [{'key': 'team', 'value': 'routes'}]}",
    ],
)
def test_a_legal_config_is_none(tmp_path: Path, config: str) -> None:
    assert errors(tmp_path, operator(config)) == []


@pytest.mark.parametrize("executor", ["LocalExecutor", None])
def test_the_config_of_another_executor_is_not_ours_to_judge(tmp_path: Path, executor: str | None) -> None:
    assert errors(tmp_path, operator(NO_MEMORY, executor)) == []


WITH_TOO_LITTLE = "fargate(cpu=1, memory=1)"
TOO_LITTLE = "memory=1 GiB with cpu=1 vCPU: legal are 2, 3, 4, 5, 6, 7, 8"


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (WITH_TOO_LITTLE, TOO_LITTLE),
        ("fargate(disk=-1)", "disk=-1 GiB: legal are whole numbers from 21 to 200; 20 come with every task"),
        ("fargate(role='admin')", "role='admin': the setting FARGATE_TASK_ROLES (NAME=ARN) allows none"),
        (
            "fargate(env={'LONG': 'x' * 9000})",
            "the overrides have 9401 characters and RunTask takes 8192 (the longest variable is 'LONG' with 9000): "
            "pass less by the environment (env=…), and larger values by S3 or SSM",
        ),
    ],
)
def test_what_fargate_refuses_names_the_dag_and_the_task_too(tmp_path: Path, call: str, why: str) -> None:
    assert errors(tmp_path, operator(call)) == refused("b", why)


@pytest.mark.parametrize("executor", ["LocalExecutor", None])
def test_what_fargate_refuses_is_an_error_on_every_executor(tmp_path: Path, executor: str | None) -> None:
    assert errors(tmp_path, operator(WITH_TOO_LITTLE, executor)) == refused("b", TOO_LITTLE)
    assert errors(tmp_path, operator("fargate(cpu=1, memory=2)", executor)) == []


def test_what_fargate_refuses_of_a_mapped_task(tmp_path: Path) -> None:
    body = f"task(lambda a: a, task_id='b', executor='FargateExecutor', executor_config={WITH_TOO_LITTLE})"
    assert errors(tmp_path, f"{body}.expand(a=[1, 2])") == refused("b", TOO_LITTLE)


def test_nothing_of_the_policy_becomes_a_setting_of_airflows() -> None:
    """Without ``__all__`` each name of the module would."""
    import airflow_local_settings

    assert {"Any", "EXECUTOR", "_on_fargate"} <= set(vars(airflow_local_settings))
    assert not {"EXECUTOR", "_on_fargate"} & set(vars(settings))


def processed(folder: Path, **changes: str) -> Any:
    """Return what the dag-processor makes of ``a_dag.py``, with the folders that the local stack names."""
    environment = {"PATH": os.environ["PATH"], **parsing(folder), **changes}
    command = [sys.executable, "-c", PROCESSOR, str(folder)]
    done = subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_dag_processor_asks_the_policy_without_a_path_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a_dag.py").write_text(f"{HEAD}    {operator(NO_MEMORY)}\n")
    found = processed(tmp_path)
    assert found["errors"] == {"a_dag.py": refused("b", TOO_SMALL)[0]}
    assert found["dags"] == 0
    assert found["modules"] == ["airflow_local_settings"]  # the executor itself takes a second to import


def test_a_task_that_names_no_executor_is_that_of_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_default = operator(NO_MEMORY, None)
    assert errors(tmp_path, on_default) == []
    names = [ExecutorName("fargate.executor.AwsFargateExecutor")]
    monkeypatch.setattr(ExecutorLoader, "get_executor_names", lambda validate_teams: names)
    assert errors(tmp_path, on_default) == refused("b", TOO_SMALL)


def test_every_process_imports_it_and_pays_nothing_for_it() -> None:
    program = (
        "import sys, typing; known = set(sys.modules); import airflow_local_settings; print(set(sys.modules) - known)"
    )
    environment = {"PYTHONPATH": str(ROOT / "plugins"), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "{'airflow_local_settings'}"


def test_where_the_module_is_not_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a_dag.py").write_text(f"{HEAD}    {operator(NO_MEMORY)}\n")
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "fargate").symlink_to(ROOT / "plugins" / "fargate")
    found = processed(tmp_path, AIRFLOW__CORE__PLUGINS_FOLDER=str(plugins))
    assert (found["errors"], found["dags"], found["modules"]) == ({}, 1, [])


def hash_of(folder: Path, release: str) -> str:
    """Return what Airflow compares to tell whether a DAG has changed, for a release."""
    program = (
        "import sys; from airflow.dag_processing.dagbag import DagBag; "
        "from airflow.models.serialized_dag import SerializedDagModel; "
        "from airflow.serialization.serialized_objects import DagSerialization; "
        "dag = DagBag(sys.argv[1]).dags['a_dag']; "
        "print(sorted(dag.tags), SerializedDagModel.hash(DagSerialization.to_dict(dag)))"
    )
    environment = {"PATH": os.environ["PATH"], **parsing(folder), "FARGATE_RELEASE": release}
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


def test_each_release_has_a_version_of_a_dag_though_nothing_but_its_code_has_changed(tmp_path: Path) -> None:
    """Airflow writes over a version whose hash is the same: the UI and callbacks of older runs would change."""
    (tmp_path / "a_dag.py").write_text(f"{HEAD}    {operator('{}')}\n")
    tags, _, first = hash_of(tmp_path, "r-1").rpartition(" ")
    assert tags == "['release:r-1']"
    assert hash_of(tmp_path, "r-1").endswith(first)
    assert not hash_of(tmp_path, "r-2").endswith(first)
    assert hash_of(tmp_path, "").startswith("[] ")
