"""The settings of this deployment: the only place that reads the environment.

Airflow's own settings are Airflow's to read; here are those that DAGs and their tasks need.
"""

import os

DEFAULT_TIMEZONE = "Asia/Seoul"


class MissingSetting(LookupError):
    """A setting that has no default and is not set."""


def timezone() -> str:
    """Return the house's time zone, Airflow's ``[core] default_timezone``."""
    return os.environ.get("AIRFLOW__CORE__DEFAULT_TIMEZONE", DEFAULT_TIMEZONE)


def lake_bucket() -> str:
    """Return the name of the bucket with raw and processed data."""
    return _required("LAKE_BUCKET", "the S3 bucket of the data lake")


def payload_bucket() -> str:
    """Return the name of the bucket through which workloads reach their tasks."""
    return _required("PAYLOAD_BUCKET", "the S3 bucket of the workloads' payloads")


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


def _required(name: str, meaning: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise MissingSetting(f"{name} is not set: {meaning}. It belongs in the environment of this process.")
    return value
