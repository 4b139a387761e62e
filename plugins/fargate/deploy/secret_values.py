"""The deployment's secrets, as Secrets Manager has them now."""

import json
import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fargate import settings
from fargate.deploy.failure import UNREACHABLE, Failure

# a variable of the control plane, and the secret that it is
VARIABLES = {
    "AIRFLOW__CORE__FERNET_KEY": "fernet-key",
    "AIRFLOW__API_AUTH__JWT_SECRET": "jwt-secret",
    "AIRFLOW__API__SECRET_KEY": "api-secret",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "database-url",
}
TLS = {"certificate": "certificate.pem", "key": "key.pem"}
PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})


def files() -> dict[str, str]:
    """Return ``{name: text}`` of the files that only root may read: the environment, certificate and key."""
    lines = [f"{variable}={quoted(read(key), key)}\n" for variable, key in VARIABLES.items()]
    return {"secrets.env": "".join(lines), **_certificate()}


def quoted(value: str, key: str) -> str:
    """Put a value into single quotes, within which Compose expands nothing."""
    if "'" in value or "\n" in value:
        raise Failure(2, f"the secret {name(key)} has a quote or a line end: no line of an environment file holds that")
    return f"'{value}'"


def export() -> None:
    """Give this process the control plane's secrets, before it imports Airflow."""
    for variable, key in VARIABLES.items():
        os.environ[variable] = read(key)


def name(key: str) -> str:
    return f"{settings.secrets_prefix()}/{key}"


def read(key: str) -> str:
    return value(name(key))


@cache
def value(secret: str) -> str:
    """Return the value of a secret, by its name or ARN."""
    try:
        answer: Any = client("secretsmanager").get_secret_value(SecretId=secret)
    except (BotoCoreError, ClientError) as error:
        raise Failure(UNREACHABLE, f"cannot read the secret {secret}: {error}") from None
    text: str = answer["SecretString"]
    return text


def client(service: Any) -> Any:
    return boto3.client(service, config=PATIENCE)


def _certificate() -> dict[str, str]:
    try:
        pair = json.loads(read("tls"))
        return {file: pair[part] for part, file in TLS.items()}
    except (ValueError, KeyError, TypeError):
        raise Failure(
            2, f'the secret {name("tls")} is not {{"certificate": "PEM with its chain", "key": "PEM"}}'
        ) from None
