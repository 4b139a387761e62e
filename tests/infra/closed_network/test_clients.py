"""AWS clients in Python code are found, whatever way they are made."""

import ast

import pytest

from tests.infra.closed_network import provider
from tests.infra.closed_network.clients import Clients
from tests.infra.closed_network.use import UNKNOWN

METHOD = """
class Aws:
    def ecs(self): return self._client("ecs")
    def s3(self): return self._client("s3")
    def _client(self, service):
        return AwsGenericHook(client_type=service).conn
"""
TYPE_CHECKING = """
if TYPE_CHECKING:
    athena = boto3.client("athena")
else:
    glue = boto3.client("glue")
"""
CODE = {
    'boto3.client("athena")': ["athena"],
    'boto3.resource("dynamodb", region_name=region)': ["dynamodb"],
    'boto3.client(service_name="sqs")': ["sqs"],
    'session.client("ecr")': ["ecr.api"],
    'boto3.Session().client("cloudwatch").put_metric_data()': ["monitoring"],
    'AwsBaseHook(aws_conn_id=None, client_type="glue")': ["glue"],
    'kwargs["client_type"] = "ecs"': ["ecs"],
    'AwsBaseHook(resource_type="dynamodb")': ["dynamodb"],
    "client = boto3.client(name)": [UNKNOWN],
    "session.client(name)": [UNKNOWN],
    "make: Any = boto3.client": [UNKNOWN],
    "from boto3 import client": [UNKNOWN],
    'boto3.client("athen")': [UNKNOWN],
    'subprocess.run(["aws", "sns", "publish"])': ["sns"],
    '("aws", "s3api", "list-objects-v2")': ["s3"],
    'airflow.client("rest")': [],
    METHOD: ["ecs", "s3"],
    TYPE_CHECKING: ["glue"],
}


@pytest.mark.parametrize(("code", "services"), CODE.items(), ids=[code.strip().splitlines()[0] for code in CODE])
def test_a_client_is_found(code: str, services: list[str]) -> None:
    assert [use.service for use in Clients(ast.parse(code), "x.py").uses] == services


def test_the_place_is_that_of_the_name() -> None:
    uses = Clients(ast.parse(METHOD), "plugins/aws.py").uses
    assert [use.where for use in uses] == ["plugins/aws.py:3", "plugins/aws.py:4"]


IMPORTS = {
    "hooks.s3.S3Hook": {"s3"},
    "operators.athena.AthenaOperator": {"athena"},
    "operators.ecs.EcsRunTaskOperator": {"ecs", "logs"},  # it reads the container's log
    "transfers.dynamodb_to_s3.DynamoDBToS3Operator": {"dynamodb", "s3"},
    "secrets.secrets_manager.SecretsManagerBackend": {"secretsmanager"},
    "log.s3_task_handler": {"s3"},
}


@pytest.mark.parametrize("name", IMPORTS)
def test_a_part_of_the_provider_uses_what_its_hooks_are_for(name: str) -> None:
    found = {use.service for use in provider.uses({f"{provider.PACKAGE}.{name}": 1}, "dags/x.py")}
    # a hook of the provider may ask STS who it is
    assert found == IMPORTS[name] | {"sts"}


def test_each_part_of_the_provider_that_is_left_out_would_count(monkeypatch: pytest.MonkeyPatch) -> None:
    left_out = {service for _, service in provider.NOT_RUN}
    monkeypatch.setattr(provider, "NOT_RUN", {})
    monkeypatch.setattr(provider, "_services", provider._services.__wrapped__)
    assert {use.service for use in provider.uses({f"{provider.PACKAGE}.hooks.s3.S3Hook": 1}, "")} >= left_out
    assert left_out
