"""What a worker makes of the authority that it is told of. That Airflow trusts it, test_worker shows."""

import os
from pathlib import Path

import pytest

from fargate import settings, trust


def test_an_authority_becomes_a_file_that_airflow_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("EXECUTION_API_CA", "-----BEGIN CERTIFICATE-----\n…\n")
    monkeypatch.setenv(trust.SETTING, "unset it after the test")
    trust.execution_api(settings.execution_api_ca())
    [made] = tmp_path.iterdir()
    assert os.environ[trust.SETTING] == str(made)
    assert made.read_text() == "-----BEGIN CERTIFICATE-----\n…\n"


@pytest.mark.parametrize("environment", [{}, {"EXECUTION_API_CA": ""}])
def test_without_one_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("EXECUTION_API_CA", raising=False)
    monkeypatch.delenv(trust.SETTING, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    trust.execution_api(settings.execution_api_ca())
    assert trust.SETTING not in os.environ
    assert list(tmp_path.iterdir()) == []
