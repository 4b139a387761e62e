"""The database and the secrets that were applied; the state holds none of these."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.infra.terraform.account import Account
from tests.infra.terraform.conftest import PREFIX
from tests.infra.terraform.terraform import Terraform

pytestmark = pytest.mark.apply


@pytest.fixture(scope="module")
def database(account: Account, outputs: dict[str, Any]) -> Any:
    named = {"DBInstanceIdentifier": outputs["database"]["identifier"]}
    [found] = account.client("rds").describe_db_instances(**named)["DBInstances"]
    return found


@pytest.fixture(scope="module")
def values(account: Account, outputs: dict[str, Any]) -> dict[str, str]:
    """What the secrets hold that Terraform gives a value."""
    client = account.client("secretsmanager")
    generated = {name: arn for name, arn in outputs["secrets"].items() if name != "tls"}
    return {name: client.get_secret_value(SecretId=arn)["SecretString"] for name, arn in generated.items()}


def test_the_database_is_private_and_encrypted(database: Any, outputs: dict[str, Any]) -> None:
    assert database["Engine"] == "postgres"
    assert (database["PubliclyAccessible"], database["StorageEncrypted"]) == (False, True)
    assert database["KmsKeyId"] == outputs["kms_key"]
    subnets = {subnet["SubnetIdentifier"] for subnet in database["DBSubnetGroup"]["Subnets"]}
    assert subnets == set(outputs["private_subnets"].values())


def test_the_database_has_backups_and_insights(database: Any) -> None:
    assert database["BackupRetentionPeriod"] == 14
    assert database["CopyTagsToSnapshot"] is True
    assert database["PerformanceInsightsEnabled"] is True
    assert sorted(database["EnabledCloudwatchLogsExports"]) == ["postgresql", "upgrade"]


def test_rds_keeps_the_master_s_password(database: Any, outputs: dict[str, Any]) -> None:
    assert database["MasterUserSecret"]["SecretArn"] == outputs["database"]["master_secret"]


def test_the_database_takes_tls_only(account: Account, database: Any) -> None:
    [group] = database["DBParameterGroups"]
    named = {"DBParameterGroupName": group["DBParameterGroupName"]}
    found = account.client("rds").describe_db_parameters(**named)["Parameters"]
    parameters = {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in found}
    assert (parameters["rds.force_ssl"], parameters["max_connections"]) == ("1", "200")


def test_every_secret_but_the_certificate_has_a_value(
    account: Account, outputs: dict[str, Any], values: dict[str, str]
) -> None:
    assert len(values) == 6
    assert [name for name, value in values.items() if len(value) < 20] == []
    assert len(set(values.values())) == len(values)
    with pytest.raises(ClientError, match="can't find the specified secret value"):
        account.client("secretsmanager").get_secret_value(SecretId=outputs["secrets"]["tls"])


def test_a_secret_is_found_by_its_name_and_has_the_key(account: Account, outputs: dict[str, Any]) -> None:
    secrets = {one["Name"]: one for one in account.all("secretsmanager", "list_secrets", "SecretList")}
    ours = {name: one for name, one in secrets.items() if name.startswith(f"{PREFIX}/")}
    assert set(ours) == {f"{PREFIX}/{name}" for name in outputs["secrets"]}
    assert {one["KmsKeyId"] for one in ours.values()} == {outputs["kms_key"]}


def test_the_address_of_the_database_has_a_role_of_airflow(values: dict[str, str], outputs: dict[str, Any]) -> None:
    where = f"{outputs['database']['host']}:{outputs['database']['port']}/airflow"
    assert re.fullmatch(rf"postgresql[+]psycopg2://airflow:[A-Za-z0-9]+@{re.escape(where)}", values["database-url"])


def test_the_fernet_key_is_one(values: dict[str, str]) -> None:
    from cryptography.fernet import Fernet

    fernet = Fernet(values["fernet-key"])
    assert fernet.decrypt(fernet.encrypt(b"x")) == b"x"


def test_the_state_and_a_plan_hold_no_secret(deployed: Terraform, values: dict[str, str]) -> None:
    texts = {"state": deployed.state, "plan": json.dumps(deployed.plan("-refresh=false"))}
    assert all(PREFIX in text for text in texts.values())
    for name, value in values.items():
        for part in (value, value.rpartition(":")[2].partition("@")[0] if "@" in value else value):
            assert [where for where, text in texts.items() if part in text] == [], f"{name} is in it"
