"""The AWS account of the local stack: what Terraform and a deploy would have made in it.

Run by itself it registers the worker anew, for a stack that runs: python -m infra.local.account
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import boto3

from fargate import task_definitions
from infra.local import containers
from infra.local.environment import own, shared, worker
from infra.local.ingest import ingest
from infra.local.layout import ROOT, Layout
from infra.local.names import (
    ACCOUNT,
    CLUSTER,
    DEPLOY,
    EXECUTION_ROLE,
    HOST_ROLE,
    LAKE,
    LOG_GROUP,
    LOGS,
    NETWORK,
    PAYLOADS,
    REGION,
    TASK_ROLE,
    WORKER_FAMILY,
)

TEMPLATE = ROOT / "infra" / "worker-task-definition.json"


def role_arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def fill(layout: Layout) -> None:
    """Make everything that the stack expects to find in the (new, empty) account."""
    client = _clients(layout)
    s3 = client("s3")
    _buckets(s3)
    _roles(client("iam"))
    _network(client("ec2"))
    client("logs").create_log_group(logGroupName=LOG_GROUP)
    _cluster(client("ecs"), layout)
    ingest(s3, LAKE)


def register_worker(layout: Layout) -> None:
    """Register another revision of the worker's task definition."""
    _clients(layout)("ecs").register_task_definition(**worker_definition(layout))


def _clients(layout: Layout) -> Any:
    return partial(
        boto3.client,
        endpoint_url=layout.aws_url,
        region_name=REGION,
        aws_access_key_id="local-only",
        aws_secret_access_key="local-only",
    )


def worker_definition(layout: Layout) -> dict[str, Any]:
    """Return the worker's task definition: the template that production uses, and what is local."""
    definition = task_definitions.render(
        TEMPLATE.read_text(),
        {
            **shared(),
            **own(layout),
            "family": WORKER_FAMILY,
            "cpu": "256",
            "memory": "512",
            "architecture": "X86_64",
            "image": containers.image(layout) if layout.runtime == "docker" else containers.NAME,
            "execution_role_arn": role_arn(EXECUTION_ROLE),
            "task_role_arn": role_arn(TASK_ROLE),
            "execution_api_server_url": f"{layout.workers_airflow_url}/execution/",
            "remote_base_log_folder": f"s3://{LOGS}/airflow",
            "region": REGION,
            "lake_bucket": LAKE,
            "log_group": LOG_GROUP,
            "execution_api_ca": "",
        },
    )
    container = definition["containerDefinitions"][0]
    made = {pair["name"]: pair["value"] for pair in container["environment"]} | worker(layout)
    container["environment"] = [{"name": name, "value": value} for name, value in made.items()]
    return definition


def _buckets(s3: Any) -> None:
    there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for bucket in {LOGS, LAKE, PAYLOADS, DEPLOY} - there:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    # a payload holds a token: what no worker has read is gone after a day
    expire = {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=PAYLOADS, LifecycleConfiguration={"Rules": [expire]})
    encrypt = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=PAYLOADS, ServerSideEncryptionConfiguration={"Rules": [encrypt]})


def _roles(iam: Any) -> None:
    for role, service in ((HOST_ROLE, "ec2"), (TASK_ROLE, "ecs-tasks"), (EXECUTION_ROLE, "ecs-tasks")):
        principal = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        policy = {"Version": "2012-10-17", "Statement": [principal]}
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(policy))


def _network(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with _ids("moto.ec2.models.subnets.random_subnet_id", NETWORK.subnets):
        for index, _ in enumerate(NETWORK.subnets):
            zone = f"{REGION}{'abc'[index]}"
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone)
    with _ids("moto.ec2.models.security_groups.random_security_group_id", (NETWORK.security_group,)):
        ec2.create_security_group(VpcId=vpc, GroupName="workers", Description="Fargate workers")


@contextmanager
def _ids(function: str, ids: tuple[str, ...]) -> Iterator[None]:
    """Let moto take these ids: a scheduler keeps those it was started with when AWS restarts."""
    with patch(function, side_effect=ids):
        yield


def _cluster(ecs: Any, layout: Layout) -> None:
    ecs.create_cluster(clusterName=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    ecs.register_task_definition(**worker_definition(layout))


if __name__ == "__main__":
    register_worker(Layout.read())
