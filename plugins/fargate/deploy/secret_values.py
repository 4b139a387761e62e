"""The deployment's secrets, as Secrets Manager has them now."""

import json
import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fargate import settings
from fargate.deploy import jwt_keys
from fargate.deploy.failure import UNREACHABLE, Failure

# While they are rotated (fargate.deploy.rotation), these have several values with commas: the first is used
# for what is new, all are accepted. Airflow reads a list of Fernet keys so; of JWT secrets it wants key set.
FERNET, JWT = "fernet-key", "jwt-secret"
# a variable of the control plane, and the secret that it is
VARIABLES = {
    "AIRFLOW__CORE__FERNET_KEY": FERNET,
    "AIRFLOW__API_AUTH__JWT_SECRET": JWT,
    "AIRFLOW__API__SECRET_KEY": "api-secret",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "database-url",
}
JWKS_FILE = "/run/jwks.json"  # in a container: docker/compose.yml
TLS = {"certificate": "certificate.pem", "key": "key.pem"}
PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})


def files() -> dict[str, str]:
    """Return ``{name: text}`` of the files that only root may read: the environment, keys of tokens, certificate."""
    lines = [f"{variable}={quoted(used(key), key)}\n" for variable, key in VARIABLES.items()]
    key_set = {"AIRFLOW__API_AUTH__JWT_KID": jwt_keys.kid(used(JWT)), "AIRFLOW__API_AUTH__TRUSTED_JWKS_URL": JWKS_FILE}
    lines += [f"{variable}='{text}'\n" for variable, text in key_set.items()]
    return {"secrets.env": "".join(lines), "jwks.json": json.dumps(jwt_keys.jwks(several(JWT))), **_certificate()}


def used(key: str) -> str:
    """Return the value of a secret as Airflow's setting takes it."""
    return several(key)[0] if key == JWT else read(key)


def several(key: str) -> list[str]:
    """Return the values of a secret that may have more than one, of which the first is used."""
    return read(key).split(",")


def quoted(value: str, key: str) -> str:
    """Put a value into single quotes, within which Compose expands nothing."""
    if "'" in value or "\n" in value:
        raise Failure(2, f"the secret {name(key)} has a quote or a line end: no line of an environment file holds that")
    return f"'{value}'"


def export() -> None:
    """Give this process the control plane's secrets, before it imports Airflow."""
    for variable, key in VARIABLES.items():
        os.environ[variable] = used(key)


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
