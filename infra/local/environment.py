"""The environments of the stack's processes, built from nothing: the shell's is not passed on."""

import json
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from infra.local.layout import ROOT, Layout
from infra.local.names import (
    CLUSTER,
    DEPLOY,
    HOST_ROLE,
    LAKE,
    LOGS,
    NETWORK,
    PAYLOADS,
    REGION,
    TASK_ROLE,
    WORKER_FAMILY,
)

PASSED_ON = ("LANG", "LC_ALL", "TZ")
AIRFLOW_ENV = ROOT / "docker" / "airflow.env"


def shared() -> dict[str, str]:
    """Return the settings of docker/airflow.env."""
    return _parse(AIRFLOW_ENV)


def own(layout: Layout) -> dict[str, str]:
    """Return the settings that this stack alone has, of ``airflow.env`` in its state folder.

    They go before those of docker/airflow.env; a worker gets those that its definition names.
    """
    path = layout.state / "airflow.env"
    return _parse(path) if path.exists() else {}


def _parse(path: Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def control_plane(layout: Layout) -> dict[str, str]:
    """Return the whole environment of api-server, scheduler, dag-processor and triggerer."""
    return {
        **_process(layout, HOST_ROLE),
        **shared(),
        **_folders(layout),
        **_addresses(layout),
        **_secrets(layout),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url(layout),
        "AIRFLOW__API__PORT": str(layout.airflow_port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": layout.airflow_url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(layout.log / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(layout.log / "dag_processor"),
        # look for new and changed DAG files this often; a file that did not change is parsed less often
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
        # between one task and the next: a second for a deployment, less for somebody who watches
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        **_fargate(),
        **own(layout),
    }


def parsing(home: Path) -> dict[str, str]:
    """Return what it takes to parse the DAGs in a process without database, AWS and logs in S3."""
    return {
        **shared(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AWS_DEFAULT_REGION": REGION,
        **_buckets(),
        **_fargate(),
    }


def worker(layout: Layout) -> dict[str, str]:
    """Return what a worker's environment has here besides infra/worker-task-definition.json.

    It stands in for what the image would bring (PATH, HOME, folders) and for the address of AWS;
    in a container for that alone.
    """
    if layout.runtime == "docker":
        return _aws(layout.workers_aws_url, TASK_ROLE)
    return {
        **_process(layout, TASK_ROLE),
        **_folders(layout),
        "AIRFLOW_HOME": str(layout.worker_home),
        "PYTHONPATH": str(ROOT / "plugins"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(layout.worker_home / "logs"),
    }


def database_url(layout: Layout) -> str:
    return f"postgresql+psycopg2://airflow@/postgres?host={layout.sockets}"


def _process(layout: Layout, role: str) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {
        **passed_on,
        "PATH": f"{layout.venv / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(layout.tmp),
        "TMPDIR": str(layout.tmp),
        "PYTHONUNBUFFERED": "1",
        **_aws(layout.aws_url, role),
    }


def _aws(url: str, role: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/_fargate/credentials/{role}",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _buckets() -> dict[str, str]:
    return {"LAKE_BUCKET": LAKE, "PAYLOAD_BUCKET": PAYLOADS, "DEPLOY_BUCKET": DEPLOY}


def _fargate() -> dict[str, str]:
    return {
        "AIRFLOW__AWS_ECS_EXECUTOR__REGION_NAME": REGION,
        "AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER": CLUSTER,
        "AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION": WORKER_FAMILY,
        "AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS": ",".join(NETWORK.subnets),
        "AIRFLOW__AWS_ECS_EXECUTOR__SECURITY_GROUPS": NETWORK.security_group,
    }


def _folders(layout: Layout) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(layout.airflow_home),
        "AIRFLOW_CONFIG": str(layout.airflow_home / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(layout.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    }


def _addresses(layout: Layout) -> dict[str, str]:
    return {
        "AWS_DEFAULT_REGION": REGION,
        **_buckets(),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{layout.airflow_url}/execution/",
        "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": f"s3://{LOGS}/airflow",
    }


def _secrets(layout: Layout) -> dict[str, str]:
    """Return the secrets of this stack, made once and kept."""
    path = layout.state / "secrets.json"
    if not path.exists():
        made = {
            "AIRFLOW__CORE__FERNET_KEY": urlsafe_b64encode(os.urandom(32)).decode(),
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        }
        _write_private(path, json.dumps(made, indent=2))
    read: dict[str, str] = json.loads(path.read_text())
    return read


def _write_private(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    with open(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)
