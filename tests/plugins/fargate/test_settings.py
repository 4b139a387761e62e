"""Settings: what is read from where, and what is said when it is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fargate import settings

ROOT = Path(__file__).resolve().parents[3]
REQUIRED = {
    "lake_bucket": "LAKE_BUCKET",
    "payload_bucket": "PAYLOAD_BUCKET",
    "region": "AWS_DEFAULT_REGION",
    "cluster": "AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER",
    "worker_definition": "AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION",
}


@pytest.mark.parametrize(("function", "variable"), REQUIRED.items())
def test_a_setting_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch, function: str, variable: str) -> None:
    monkeypatch.setenv(variable, "a value of its own")
    assert getattr(settings, function)() == "a value of its own"


@pytest.mark.parametrize(("function", "variable"), REQUIRED.items())
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_setting_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, function: str, variable: str, value: str | None
) -> None:
    monkeypatch.delenv(variable, raising=False)
    if value is not None:
        monkeypatch.setenv(variable, value)
    read: Callable[[], str] = getattr(settings, function)
    with pytest.raises(settings.MissingSetting) as failed:
        read()
    assert str(failed.value).startswith(f"{variable} is not set: the ")
    assert str(failed.value).endswith(". It belongs in the environment of this process.")


def test_the_whole_text_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAKE_BUCKET")
    with pytest.raises(settings.MissingSetting) as failed:
        settings.lake_bucket()
    expected = "LAKE_BUCKET is not set: the S3 bucket of the data lake. It belongs in the environment of this process."
    assert str(failed.value) == expected


def test_the_timezone_is_airflows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TIMEZONE", "Europe/Berlin")
    assert settings.timezone() == "Europe/Berlin"


def test_the_default_timezone_is_that_of_the_shared_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__CORE__DEFAULT_TIMEZONE")
    assert settings.timezone() == "Asia/Seoul"
    lines = (ROOT / "docker" / "airflow.env").read_text().splitlines()
    assert f"AIRFLOW__CORE__DEFAULT_TIMEZONE={settings.DEFAULT_TIMEZONE}" in lines


def test_the_network_is_made_of_two_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS", "subnet-a,subnet-c")
    monkeypatch.setenv("AIRFLOW__AWS_ECS_EXECUTOR__SECURITY_GROUPS", "sg-1")
    expected = {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-c"], "securityGroups": ["sg-1"]}}
    assert settings.network() == expected


@pytest.mark.parametrize("variable", ["SUBNETS", "SECURITY_GROUPS"])
def test_a_network_without_a_part_is_an_error(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv(f"AIRFLOW__AWS_ECS_EXECUTOR__{variable}")
    with pytest.raises(settings.MissingSetting, match=f"^AIRFLOW__AWS_ECS_EXECUTOR__{variable} is not set"):
        settings.network()


def test_every_setting_is_tested_here() -> None:
    functions = {name for name in vars(settings) if name.islower() and not name.startswith("_") and name != "os"}
    assert functions == {*REQUIRED, "timezone", "network"}
