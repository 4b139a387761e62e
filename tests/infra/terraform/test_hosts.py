"""The hosts that were applied, and who is told when something is wrong."""

import base64
from typing import Any

import pytest

from tests.infra.terraform.account import Account
from tests.infra.terraform.conftest import PREFIX

pytestmark = pytest.mark.apply

ALARMS = {
    "scheduler-heartbeat",
    "failed-launches",
    "database-storage",
    "database-connections",
    "execution-api-record",
}


@pytest.fixture(scope="module")
def group(account: Account, outputs: dict[str, Any]) -> Any:
    named = {"AutoScalingGroupNames": [outputs["hosts"]["group"]]}
    [found] = account.client("autoscaling").describe_auto_scaling_groups(**named)["AutoScalingGroups"]
    return found


@pytest.fixture(scope="module")
def template(account: Account, group: Any) -> Any:
    named = {"LaunchTemplateId": group["LaunchTemplate"]["LaunchTemplateId"], "Versions": ["$Latest"]}
    [version] = account.client("ec2").describe_launch_template_versions(**named)["LaunchTemplateVersions"]
    return version["LaunchTemplateData"]


def test_one_host_runs_in_the_private_subnets(group: Any, outputs: dict[str, Any]) -> None:
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (1, 1, 1)
    assert len(group["Instances"]) == 1
    assert set(group["VPCZoneIdentifier"].split(",")) == set(outputs["private_subnets"].values())


def test_metadata_takes_tokens_only(template: Any) -> None:
    metadata = template["MetadataOptions"]
    assert (metadata["HttpTokens"], metadata["HttpPutResponseHopLimit"]) == ("required", 2)


def test_a_host_has_no_public_address_and_no_key(template: Any) -> None:
    [interface] = template["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False
    assert "KeyName" not in template


def test_a_host_s_disk_is_encrypted(template: Any) -> None:
    assert [disk["Ebs"]["Encrypted"] for disk in template["BlockDeviceMappings"]] == [True]


def test_a_host_has_the_role_of_hosts(template: Any, account: Account, outputs: dict[str, Any]) -> None:
    [profile] = [
        one
        for one in account.all("iam", "list_instance_profiles", "InstanceProfiles")
        if one["Arn"] == template["IamInstanceProfile"]["Arn"]
    ]
    assert [role["Arn"] for role in profile["Roles"]] == [outputs["roles"]["host"]]


def test_a_host_s_first_script_knows_the_bucket_and_no_secret(template: Any, outputs: dict[str, Any]) -> None:
    script = base64.b64decode(template["UserData"]).decode()
    assert script.startswith("#!")
    assert outputs["buckets"]["deploy"] in script


def test_every_alarm_tells_the_topic(account: Account) -> None:
    alarms = account.all("cloudwatch", "describe_alarms", "MetricAlarms")
    assert {alarm["AlarmName"].removeprefix(f"{PREFIX}-") for alarm in alarms} == ALARMS
    [topic] = [one["TopicArn"] for one in account.all("sns", "list_topics", "Topics")]
    assert [alarm["AlarmName"] for alarm in alarms if alarm["AlarmActions"] != [topic]] == []
    assert account.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]


def test_the_budget_warns_before_and_after(account: Account) -> None:
    named = {"AccountId": "123456789012", "BudgetName": f"{PREFIX}-monthly"}
    found = account.client("budgets").describe_notifications_for_budget(**named)["Notifications"]
    assert {(one["NotificationType"], one["Threshold"]) for one in found} == {("ACTUAL", 80.0), ("FORECASTED", 100.0)}
