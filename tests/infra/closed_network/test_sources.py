"""What scripts, task definitions and policies call."""

import json
from typing import Any

import pytest

from tests.infra.closed_network import definition
from tests.infra.closed_network.model import Model, Resource
from tests.infra.closed_network.policies import Grant, NotUnderstood, refusal, statements
from tests.infra.closed_network.roles import HOSTS, WORKERS, roles
from tests.infra.closed_network.scripts import of_shell
from tests.infra.closed_network.use import INTERNET, UNKNOWN

IMAGE = ["ecr.api", "ecr.dkr", "s3"]
SHELL = {
    "aws s3 cp a s3://b": ["s3"],
    "count=$(aws s3api list-objects-v2 --bucket b)": ["s3"],
    "  aws --region eu-west-1 --output text cloudwatch put-metric-data": ["monitoring"],
    "aws ecr get-login-password | docker login --username AWS": ["ecr.api", *IMAGE],
    "aws configure set region eu-west-1": [],
    "aws nonsense": [UNKNOWN],
    "# aws athena": [],
    "again dnf --assumeyes install docker": ["s3"],
    "docker compose --file x pull": IMAGE,
    "docker ps": [],
    'put config.json <<<"{\\"credHelpers\\": {\\"$R\\": \\"ecr-login\\"}}"': IMAGE,
    "curl --fail https://example.com/compose -o x": [INTERNET],
    "curl http://169.254.169.254/latest": [],
    'curl --silent "$scheme://$registry/v2/"': IMAGE,
    "/usr/bin/env python3 /opt/aws/x.py": [],
}


@pytest.mark.parametrize("line", SHELL)
def test_a_command_is_found(line: str) -> None:
    assert [use.service for use in of_shell(line, "x.sh")] == SHELL[line]


def test_the_place_is_that_of_the_line() -> None:
    assert [use.where for use in of_shell("\n\naws s3 ls", "infra/host/x.sh")] == ["infra/host/x.sh:3"]


ECR = {"name": "app", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:0"}
AWSLOGS = {"logDriver": "awslogs", "options": {}}
SECRET = {"name": "A", "valueFrom": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"}
CONTAINERS: list[tuple[dict[str, Any], list[str]]] = [
    (ECR, IMAGE),
    ({"name": "app", "image": "nginx:1.27"}, [INTERNET]),
    ({**ECR, "logConfiguration": AWSLOGS}, [*IMAGE, "logs"]),
    ({**ECR, "logConfiguration": {"logDriver": "splunk"}}, [*IMAGE, UNKNOWN]),
    ({**ECR, "logConfiguration": {**AWSLOGS, "secretOptions": [SECRET]}}, [*IMAGE, "logs", "secretsmanager"]),
    ({**ECR, "secrets": [SECRET]}, [*IMAGE, "secretsmanager"]),
    ({**ECR, "secrets": [{"name": "A", "valueFrom": "/a/parameter"}]}, [*IMAGE, "ssm"]),
    ({**ECR, "environmentFiles": [{"value": "arn:aws:s3:::b/x.env"}]}, [*IMAGE, "s3"]),
    ({**ECR, "environment": [{"name": "LOGS", "value": "cloudwatch://group"}]}, [*IMAGE, "logs"]),
    ({**ECR, "environment": [{"name": "API", "value": "https://airflow.example.com"}]}, IMAGE),
]


def made(type: str, **values: Any) -> Model:
    return Model([Resource(f"{type}.x", type, f"{type}.x", None, values, {})], {})


@pytest.mark.parametrize(("container", "services"), CONTAINERS)
def test_a_container_is_read(container: dict[str, Any], services: list[str]) -> None:
    model = made("aws_ecs_task_definition", container_definitions=json.dumps([container]))
    assert [use.service for use in definition.uses(model)] == services


def test_a_volume_is_read() -> None:
    volume = {"name": "v", "efs_volume_configuration": [{"file_system_id": "fs-1"}]}
    model = made("aws_ecs_task_definition", container_definitions=json.dumps([ECR]), volume=[volume])
    assert [use.service for use in definition.uses(model)] == [*IMAGE, "elasticfilesystem"]


TRUSTS = {"ec2.amazonaws.com": HOSTS, "ecs-tasks.amazonaws.com": WORKERS, "states.amazonaws.com": None}


@pytest.mark.parametrize("service", TRUSTS)
def test_who_takes_a_role_tells_where_it_is_used(service: str) -> None:
    model = trusting(service)
    assert [caller for caller in (HOSTS, WORKERS) if roles(model, caller)] == [
        caller for caller in [TRUSTS[service]] if caller
    ]


def test_a_role_of_an_unknown_service_has_to_be_placed() -> None:
    with pytest.raises(NotUnderstood, match=r"lambda.amazonaws.com.*say in TAKERS"):
        roles(trusting("lambda.amazonaws.com"), HOSTS)


def trusting(service: str) -> Model:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return made("aws_iam_role", assume_role_policy=json.dumps({"Statement": [statement]}))


LETS_ALL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
POLICIES = {
    "it admits": ([LETS_ALL], ""),
    "another resource": ([{**LETS_ALL, "Resource": "arn:aws:s3:::other/*"}], "does not admit s3:GetObject"),
    "another action": ([{**LETS_ALL, "Action": ["s3:PutObject"]}], "does not admit s3:GetObject"),
    "it denies": ([LETS_ALL, {**LETS_ALL, "Effect": "Deny"}], "denies s3:GetObject"),
    "it is empty": ([], "does not admit s3:GetObject"),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_held_against_a_grant(name: str) -> None:
    written, said = POLICIES[name]
    model = made(
        "aws_vpc_endpoint", policy=json.dumps({"Statement": written}), service_name="com.amazonaws.eu-west-1.s3"
    )
    caller = Resource("data.x", "aws_caller_identity", "data.x", None, {"account_id": "123456789012"}, {})
    model = Model([*model.resources, caller], {})
    grant = Grant("aws_iam_role.x", "s3:GetObject", "arn:aws:s3:::lake/*")
    told = refusal(model, statements(model, model.one("aws_vpc_endpoint"), "policy"), grant)
    assert said in told
    assert bool(told) == bool(said)


@pytest.mark.parametrize("key", ["NotAction", "NotResource"])
def test_what_cannot_be_read_is_an_error(key: str) -> None:
    model = made("aws_iam_role_policy", policy=json.dumps({"Statement": {"Effect": "Allow", key: "s3:*"}}))
    with pytest.raises(NotUnderstood, match=key):
        statements(model, model.one("aws_iam_role_policy"), "policy")
