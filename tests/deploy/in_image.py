"""What tests ask from within the image: functions whose source goes there. Each prints JSON."""

import inspect
from collections.abc import Callable


def source(function: Callable[[], None]) -> str:
    return f"{inspect.getsource(function)}\n{function.__name__}()\n"


def dags() -> None:
    import json

    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag("/opt/airflow/dags")
    print(json.dumps({"errors": bag.import_errors, "dags": sorted(bag.dags)}))


def installers() -> None:
    import importlib.util
    import json

    print(json.dumps([name for name in ("pip", "ensurepip", "uv") if importlib.util.find_spec(name)]))


def file_names() -> None:
    import json
    import os

    skipped = ("/proc", "/sys", "/dev")
    found = {name for folder, _, names in os.walk("/") if not folder.startswith(skipped) for name in names}
    print(json.dumps(sorted(found)))


def compiled_files() -> None:
    """Import what the processes import; tell which files had to be compiled."""
    import importlib
    import json
    import sys

    compiled = []

    def hook(event, arguments):  # type: ignore[no-untyped-def]
        if event == "compile" and sys._getframe(1).f_code.co_name == "_call_with_frames_removed":  # importlib's call
            compiled.append(str(arguments[1]))

    sys.addaudithook(hook)
    for name in (
        *("airflow.api_fastapi.app", "airflow.dag_processing.manager", "airflow.jobs.scheduler_job_runner"),
        *("airflow.jobs.triggerer_job_runner", "airflow.providers.amazon.aws.operators.ecs"),
        *("airflow.providers.fab.auth_manager.fab_auth_manager", "fargate.executor", "fargate.worker", "reports"),
    ):
        importlib.import_module(name)
    print(json.dumps({"loaded": len(sys.modules), "compiled": compiled}))


def aws_clients() -> None:
    """Make a client of each service that our code, or the provider's for executor, logs and secrets, names."""
    import json
    import re
    from pathlib import Path
    from typing import Any

    import airflow.providers.amazon.aws as provider
    import boto3
    import botocore

    inside = Path(provider.__path__[0])
    hooks = [inside / "hooks" / f"{name}.py" for name in ("base_aws", "ecs", "logs", "s3", "secrets_manager", "ssm")]
    folders = [Path("/opt/airflow/dags"), Path("/opt/airflow/plugins"), inside / "log", inside / "secrets"]
    files = [*hooks, inside / "executors/ecs/ecs_executor.py", *(path for one in folders for path in one.rglob("*.py"))]
    pattern = r"""(?:\bclient\(\s*|\bresource\(\s*|client_type["']?\]?\s*=\s*|service_name=)["']([a-z0-9-]+)["']"""
    names = {name for path in files if path.exists() for name in re.findall(pattern, path.read_text())}
    kept = Path(botocore.__path__[0]) / "data"
    client: Any = boto3.client
    made = {}
    for name in sorted(names | {path.name for path in kept.iterdir() if path.is_dir()}):
        try:
            client(name, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
            made[name] = "made"
        except Exception as error:  # every kind is a finding
            made[name] = repr(error)
    print(json.dumps(made))
