"""Secrets reach containers as files of lines that Compose reads as they are."""

import boto3
import pytest
from botocore.stub import Stubber

from fargate.deploy import secret_values
from fargate.deploy.failure import UNREACHABLE, Failure


def test_the_environment_has_each_secret_in_single_quotes(secrets: dict[str, str]) -> None:
    lines = secret_values.files()["secrets.env"].splitlines()
    assert "AIRFLOW__API_AUTH__JWT_SECRET='jwt'" in lines
    assert len(lines) == len(secret_values.VARIABLES) + len(["JWT_KID", "TRUSTED_JWKS_URL"])


def test_certificate_and_key_are_files(secrets: dict[str, str]) -> None:
    files = secret_values.files()
    assert (files["certificate.pem"], files["key.pem"]) == ("C", "K")


@pytest.mark.parametrize("value", ["it's", "two\nlines"])
def test_what_a_line_cannot_hold_is_refused_without_being_shown(secrets: dict[str, str], value: str) -> None:
    secrets["test/jwt-secret"] = value
    with pytest.raises(Failure, match="test/jwt-secret") as failure:
        secret_values.files()
    assert value not in str(failure.value)


@pytest.mark.parametrize("value", ["PEM", "{}", "[]"])
def test_a_certificate_of_another_form_is_refused(secrets: dict[str, str], value: str) -> None:
    secrets["test/tls"] = value
    with pytest.raises(Failure, match=r'the secret test/tls is not \{"certificate"'):
        secret_values.files()


def test_a_secret_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("secretsmanager", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr(secret_values, "client", lambda _: client)
    with Stubber(client) as stubber:
        stubber.add_client_error("get_secret_value", "AccessDenied")
        with pytest.raises(Failure, match=r"cannot read the secret test/x: .*Denied") as failure:
            secret_values.value("test/x")
    assert failure.value.code == UNREACHABLE
