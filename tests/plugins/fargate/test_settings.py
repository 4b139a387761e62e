"""Settings: what is read from where, and what is said when it is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fargate import settings
from fargate.quota import Quota

ROOT = Path(__file__).resolve().parents[3]
REQUIRED = {
    "lake_bucket": "LAKE_BUCKET",
    "payload_bucket": "PAYLOAD_BUCKET",
    "deploy_bucket": "DEPLOY_BUCKET",
    "secrets_prefix": "SECRETS_PREFIX",
    "region": "AWS_DEFAULT_REGION",
    "cluster": "AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER",
    "worker_definition": "AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION",
    "container_name": "AIRFLOW__AWS_ECS_EXECUTOR__CONTAINER_NAME",
}
WHOLE = {
    "local_lane_parallelism": "LOCAL_LANE_PARALLELISM",
    "fargate_lane_parallelism": "FARGATE_LANE_PARALLELISM",
    "launch_threads": "FARGATE_LAUNCH_THREADS",
    "releases_kept_days": "RELEASES_KEPT_DAYS",
}
QUOTAS = ("FARGATE_CALL_QUOTA", "FARGATE_LAUNCH_QUOTA", "FARGATE_SPOT_LAUNCH_QUOTA")
ROLE = "arn:aws:iam::123456789012:role/"


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


@pytest.mark.parametrize(("function", "variable"), WHOLE.items())
def test_a_number_is_that_of_the_shared_settings(function: str, variable: str) -> None:
    lines = (ROOT / "docker" / "airflow.env").read_text().splitlines()
    assert f"{variable}={getattr(settings, function)()}" in lines


@pytest.mark.parametrize(("function", "variable"), WHOLE.items())
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "sixteen", " ", "²", "1 000"])
def test_what_is_no_number_is_an_error(
    monkeypatch: pytest.MonkeyPatch, function: str, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(settings.IllegalSetting) as failed:
        getattr(settings, function)()
    assert str(failed.value) == f"{variable} is {value!r}: it is a whole number from 1"


@pytest.mark.parametrize(("function", "variable"), WHOLE.items())
def test_a_number_that_is_missing(monkeypatch: pytest.MonkeyPatch, function: str, variable: str) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(settings.MissingSetting, match=f"^{variable} is not set: how many "):
        getattr(settings, function)()


def test_all_tasks_at_once_are_the_sum_of_the_lanes() -> None:
    lines = (ROOT / "docker" / "airflow.env").read_text().splitlines()
    both = settings.local_lane_parallelism() + settings.fargate_lane_parallelism()
    assert f"AIRFLOW__CORE__PARALLELISM={both}" in lines


@pytest.mark.parametrize("name", QUOTAS)
def test_a_quota_is_a_burst_and_a_rate(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "7/3")
    assert settings.quota(name) == Quota(burst=7, rate=3)


def test_the_quotas_of_the_shared_settings_are_those_of_an_account() -> None:
    assert [settings.quota(name) for name in QUOTAS] == [Quota(20, 20), Quota(100, 20), Quota(100, 20)]


@pytest.mark.parametrize("value", ["20", "20/", "/20", "0/20", "20/0", "-1/20", "20/20/20", "a/b", "20 / 20", "2.5/1"])
def test_what_is_no_quota_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FARGATE_CALL_QUOTA", value)
    with pytest.raises(settings.IllegalSetting) as failed:
        settings.quota("FARGATE_CALL_QUOTA")
    expected = f"FARGATE_CALL_QUOTA is {value!r}: BURST/RATE, two whole numbers from 1, such as 100/20"
    assert str(failed.value) == expected


def test_a_quota_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARGATE_CALL_QUOTA")
    with pytest.raises(
        settings.MissingSetting, match=r"^FARGATE_CALL_QUOTA is not set: a quota of the account as BURST"
    ):
        settings.quota("FARGATE_CALL_QUOTA")


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        (None, {}),
        ("", {}),
        (f"a={ROLE}a", {"a": f"{ROLE}a"}),
        (f"a={ROLE}a, b={ROLE}b ,", {"a": f"{ROLE}a", "b": f"{ROLE}b"}),
        (f"a={ROLE}path/with=sign", {"a": f"{ROLE}path/with=sign"}),
    ],
)
def test_task_roles(monkeypatch: pytest.MonkeyPatch, text: str | None, roles: dict[str, str]) -> None:
    monkeypatch.delenv("FARGATE_TASK_ROLES")
    if text is not None:
        monkeypatch.setenv("FARGATE_TASK_ROLES", text)
    assert settings.task_roles() == roles


@pytest.mark.parametrize("text", ["a", "a=", "a=role/a", f"={ROLE}a", f"{ROLE}a", f"a={ROLE}a,b"])
def test_what_is_no_list_of_roles_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("FARGATE_TASK_ROLES", text)
    with pytest.raises(settings.IllegalSetting) as failed:
        settings.task_roles()
    assert str(failed.value) == f"FARGATE_TASK_ROLES is {text!r}: NAME=ARN, more than one separated by commas"


@pytest.mark.parametrize("environment", [{}, {"EXECUTION_API_CA": ""}, {"EXECUTION_API_CA": "a\nb\n"}])
def test_execution_api_ca(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    monkeypatch.delenv("EXECUTION_API_CA", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert settings.execution_api_ca() == environment.get("EXECUTION_API_CA", "")


def test_every_setting_is_tested_here() -> None:
    names = {name for name in vars(settings) if name.islower() and not name.startswith("_")}
    own = {"timezone", "network", "quota", "task_roles", "execution_api_ca", "ecs_exec", "master_secret"}
    assert names - {"os", "re"} == {*REQUIRED, *WHOLE, *own, "release", "direct_database", "health_folder"}


def test_the_lock_is_held_on_a_connection_of_its_own_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://pooler")
    monkeypatch.delenv("DATABASE_DIRECT_URL", raising=False)
    assert settings.direct_database() == "postgresql://pooler"
    monkeypatch.setenv("DATABASE_DIRECT_URL", "postgresql://database")
    assert settings.direct_database() == "postgresql://database"


def test_health_files_are_where_a_containers_probe_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEALTH_DIR", raising=False)
    assert settings.health_folder() == Path("/tmp")
    monkeypatch.setenv("HEALTH_DIR", "/somewhere")
    assert settings.health_folder() == Path("/somewhere")


@pytest.mark.parametrize("name", ["a/b", "A", "a b", "a..b", "a" * 65])
def test_a_name_that_is_no_folder_or_tag_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_RELEASE", name)
    with pytest.raises(settings.IllegalSetting, match="lower-case letters, digits and -, such as 51e8d272-3f2a91c0"):
        settings.release()


def test_an_empty_name_is_no_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_RELEASE", "")
    assert settings.release() is None


def test_a_deployment_may_have_no_master(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_MASTER_SECRET", raising=False)
    assert settings.master_secret() == ""
    monkeypatch.setenv("DATABASE_MASTER_SECRET", "an-arn")
    assert settings.master_secret() == "an-arn"


@pytest.mark.parametrize(("text", "on"), [(None, False), ("", False), ("false", False), ("true", True)])
def test_a_shell_in_tasks_is_off_unless_it_is_on(monkeypatch: pytest.MonkeyPatch, text: str | None, on: bool) -> None:
    monkeypatch.delenv("ECS_EXEC", raising=False)
    if text is not None:
        monkeypatch.setenv("ECS_EXEC", text)
    assert settings.ecs_exec() is on


def test_a_shell_in_tasks_is_on_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECS_EXEC", "yes")
    with pytest.raises(settings.IllegalSetting, match=r"^ECS_EXEC is 'yes': it is true or false"):
        settings.ecs_exec()
