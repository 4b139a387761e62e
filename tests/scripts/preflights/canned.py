"""An account whose answers are moto's, but for those that a test gives it."""

from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.validate import validate_parameters

from scripts.preflights.account import Account
from scripts.preflights.plan import Plan
from scripts.preflights.tfvars import read

REGION = "ap-northeast-2"
NUMBER = "123456789012"
# one for all tests: a session reads the description of each service anew
SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
BASE = (
    *("environment=production", f"region={REGION}", "domain_name=airflow.example.com"),
    "gitlab_project=group/airflow",
)


def plan(*single: str) -> Plan:
    """Return the plan of the deployment airflow-production, with these variables changed."""
    return Plan.of(read(None, [*BASE, *single]))


class CannedAccount(Account):
    """Notes every operation that is asked for."""

    def __init__(self) -> None:
        super().__init__(REGION)
        self.number = NUMBER
        self._session = SESSION
        self.asked: list[str] = []
        self._answers: dict[str, tuple[int, dict[str, Any]]] = {}

    def answer(self, operation: str, **parsed: Any) -> None:
        """Give an answer of AWS, in the form that botocore hands on."""
        self._answers[operation] = (200, parsed)

    def refuse(self, operation: str, code: str = "AccessDeniedException", status: int = 403) -> None:
        self._answers[operation] = (status, {"Error": {"Code": code, "Message": "not allowed"}})

    def _client(self, service: str, region: str = "") -> Any:
        client = super()._client(service, region)
        client.meta.events.register_first("before-call.*.*", self._note)
        return client

    def _note(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        self.asked.append(model.name)
        if model.name not in self._answers:
            return None
        status, parsed = self._answers[model.name]
        if status < 300:
            validate_parameters(parsed, model.output_shape)
        return AWSResponse(None, status, {}, None), {"ResponseMetadata": {"HTTPStatusCode": status}, **parsed}
