"""A job gets its role for GitLab's token, with no key of its own; STS is moto's."""

import os
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from scripts.ci import identity

ROLE = "arn:aws:iam::123456789012:role/airflow-staging-ci-plan"


@mock_aws
def test_the_token_becomes_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ID_TOKEN", "header.payload.signature")
    monkeypatch.setenv("CI_JOB_ID", "42")
    monkeypatch.setenv("CI_PROJECT_PATH_SLUG", "group-airflow")
    before = dict(os.environ)
    with identity.role(ROLE, "eu-west-1"):
        file = Path(os.environ["AWS_WEB_IDENTITY_TOKEN_FILE"])
        assert (file.read_text(), file.stat().st_mode & 0o777) == ("header.payload.signature", 0o600)
        session = boto3.Session()
        credentials = session.get_credentials()
        assert credentials
        assert credentials.method == "assume-role-with-web-identity"
        told = session.client("sts").get_caller_identity()["Arn"]
        assert told == "arn:aws:sts::123456789012:assumed-role/airflow-staging-ci-plan/gitlab-group-airflow-42"
        assert session.region_name == "eu-west-1"
    assert not file.exists()
    assert dict(os.environ) == before


def test_keys_of_the_environment_do_not_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ID_TOKEN", "token")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFSOMEBODY")
    with identity.role(ROLE, "eu-west-1"):
        assert "AWS_ACCESS_KEY_ID" not in os.environ
    assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIDOFSOMEBODY"


def test_without_a_token_the_credentials_of_the_environment_stay(capsys: pytest.CaptureFixture[str]) -> None:
    with identity.role(ROLE, "eu-west-1"):
        assert "AWS_ROLE_ARN" not in os.environ
    assert f"no AWS_ID_TOKEN: the AWS credentials of this environment are used, not {ROLE}" in capsys.readouterr().out


def test_the_name_of_the_session_is_legal() -> None:
    values = identity.variables(ROLE, Path("f"), {"CI_PROJECT_PATH_SLUG": "ä b" * 40, "CI_JOB_ID": "7"})
    assert len(values["AWS_ROLE_SESSION_NAME"]) <= 64
    assert set(values["AWS_ROLE_SESSION_NAME"]) <= set("gitlab-b7")
