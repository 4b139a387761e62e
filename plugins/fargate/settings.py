"""The settings of this deployment: the only place that reads the environment.

Airflow's own settings are Airflow's to read; here are those that DAGs and their tasks need.
"""

import os
import re
from pathlib import Path

from fargate.quota import Quota

DEFAULT_TIMEZONE = "Asia/Seoul"
RELEASE = re.compile(r"[0-9a-z-]{1,64}")  # a folder, a key in S3, a tag of a DAG


class MissingSetting(LookupError):
    """A setting that has no default and is not set."""


class IllegalSetting(ValueError):
    """A setting with a value that it cannot have."""


def timezone() -> str:
    """Return the house's time zone, Airflow's ``[core] default_timezone``."""
    return os.environ.get("AIRFLOW__CORE__DEFAULT_TIMEZONE", DEFAULT_TIMEZONE)


def lake_bucket() -> str:
    """Return the name of the bucket with raw and processed data."""
    return _required("LAKE_BUCKET", "the S3 bucket of the data lake")


def payload_bucket() -> str:
    """Return the name of the bucket through which workloads reach their tasks."""
    return _required("PAYLOAD_BUCKET", "the S3 bucket of the workloads' payloads")


def deploy_bucket() -> str:
    """Return the name of the bucket with the releases."""
    return _required("DEPLOY_BUCKET", "the S3 bucket of the releases")


def release() -> str | None:
    """Return the name of the release that this process belongs to; None where DAGs are not versioned."""
    name = os.environ.get("FARGATE_RELEASE") or None
    if name and not RELEASE.fullmatch(name):
        raise IllegalSetting(
            f"FARGATE_RELEASE is {name!r}: lower-case letters, digits and -, such as 51e8d272-3f2a91c0"
        )
    return name


def releases_kept_days() -> int:
    """Return for how many days a release stays runnable after the last run that needed it."""
    return _whole("RELEASES_KEPT_DAYS", "how many days a release stays after its last run, such as 14")


def direct_database() -> str:
    """Return the URL of a connection to the database that no pooler shares, since a session's lock is held on it."""
    return os.environ.get("DATABASE_DIRECT_URL") or _required(
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "the URL of Airflow's database"
    )


def health_folder() -> Path:
    """Return the folder of the files that tell a container's probe how its process is."""
    return Path(os.environ.get("HEALTH_DIR") or "/tmp")


def region() -> str:
    """Return the AWS region."""
    return _required("AWS_DEFAULT_REGION", "the AWS region, such as ap-northeast-2")


def cluster() -> str:
    """Return the name of the ECS cluster."""
    return _required("AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER", "the name of the ECS cluster")


def worker_definition() -> str:
    """Return the family of the worker's task definition."""
    return _required("AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION", "the family of the worker's task definition")


def network() -> dict[str, dict[str, list[str]]]:
    """Return the ``networkConfiguration`` of tasks on Fargate."""
    subnets = _required("AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS", "the private subnets, separated by commas")
    groups = _required("AIRFLOW__AWS_ECS_EXECUTOR__SECURITY_GROUPS", "the workers' security groups")
    return {"awsvpcConfiguration": {"subnets": subnets.split(","), "securityGroups": groups.split(",")}}


def local_lane_parallelism() -> int:
    """Return how many local tasks run at once."""
    return _whole("LOCAL_LANE_PARALLELISM", "how many tasks LocalExecutor runs at once, such as 16")


def fargate_lane_parallelism() -> int:
    """Return how many tasks the Fargate executor has in hand at once, queued ones included."""
    return _whole("FARGATE_LANE_PARALLELISM", "how many tasks run on Fargate at once, such as 1000")


def launch_threads() -> int:
    """Return how many RunTask calls may wait for their answer at once."""
    return _whole("FARGATE_LAUNCH_THREADS", "how many RunTask calls are made at once, such as 32")


def quota(name: str) -> Quota:
    """Return one of the account's quotas, ``BURST/RATE`` with the rate a second.

    :param name: FARGATE_CALL_QUOTA (calls of RunTask), FARGATE_LAUNCH_QUOTA or FARGATE_SPOT_LAUNCH_QUOTA
    """
    text = _required(name, "a quota of the account as BURST/RATE, such as 100/20")
    parts = text.split("/")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise IllegalSetting(f"{name} is {text!r}: BURST/RATE, two whole numbers from 1, such as 100/20")
    return Quota(burst=int(parts[0]), rate=int(parts[1]))


def container_name() -> str:
    """Return the name of the worker's container in its task definition."""
    return _required("AIRFLOW__AWS_ECS_EXECUTOR__CONTAINER_NAME", "the name of the container in the task definition")


def ecs_exec() -> bool:
    """Tell whether tasks take ``aws ecs execute-command`` (Terraform's ``ecs_exec``); not without the setting."""
    text = os.environ.get("ECS_EXEC") or "false"
    if text not in ("true", "false"):
        raise IllegalSetting(f"ECS_EXEC is {text!r}: it is true or false, as Terraform's ecs_exec")
    return text == "true"


def execution_api_ca() -> str:
    """Return the private certificate authority of the Execution API as PEM; an empty text for none."""
    return os.environ.get("EXECUTION_API_CA", "")


def task_roles() -> dict[str, str]:
    """Return the task roles that a task may ask for: ``{name: ARN}``; none without the setting."""
    text = os.environ.get("FARGATE_TASK_ROLES", "")
    pairs = [entry.strip().partition("=") for entry in text.split(",") if entry.strip()]
    for name, _, arn in pairs:
        if not name or not arn.startswith("arn:"):
            raise IllegalSetting(f"FARGATE_TASK_ROLES is {text!r}: NAME=ARN, more than one separated by commas")
    return {name: arn for name, _, arn in pairs}


def secrets_prefix() -> str:
    """Return how the names of this deployment's secrets begin."""
    return _required("SECRETS_PREFIX", "the beginning of the names of secrets, such as airflow-production")


def master_secret() -> str:
    """Return the ARN or name of the secret of the database's master; an empty text for none."""
    return os.environ.get("DATABASE_MASTER_SECRET", "")


def _whole(name: str, meaning: str) -> int:
    text = _required(name, meaning)
    if not text.isdecimal() or int(text) == 0:
        raise IllegalSetting(f"{name} is {text!r}: it is a whole number from 1")
    return int(text)


def _required(name: str, meaning: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise MissingSetting(f"{name} is not set: {meaning}. It belongs in the environment of this process.")
    return value
