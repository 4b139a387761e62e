"""The variables of a job, and a host to reach."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.ci import deploy
from tests.scripts.ci.sshd import Sshd

ACCOUNTS = {"STAGING_ACCOUNT": "123456789012", "PRODUCTION_ACCOUNT": "210987654321"}


@pytest.fixture(autouse=True)
def _a_job_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no variable of the pipeline that runs these tests be one of the job that is tested, nor its reports."""
    monkeypatch.setattr(deploy, "RESULT", tmp_path / "deploy.env")
    for name in list(os.environ):
        if name.startswith(("CI_", "GITLAB_", "DEPLOY_", "IMAGE", "AWS_ID_TOKEN", "ALLOW_OLDER", "ROLLBACK_TO")):
            monkeypatch.delenv(name)
    for name, value in ACCOUNTS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A host that only says what it was told."""
    with Sshd.running(tmp_path / "sshd") as made:
        yield made


@pytest.fixture
def reached(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """The same, with its variables set as GitLab sets them for a job."""
    for name, value in (sshd.variables | {"AIRFLOW_PASSWORD": "not-a-secret"}).items():
        monkeypatch.setenv(name, value)
    return sshd
