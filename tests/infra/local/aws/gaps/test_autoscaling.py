from typing import Any

from tests.infra.local.aws.gaps.network import new_name, new_subnet, new_vpc

SETTINGS = {
    "DefaultInstanceWarmup": 120,
    "MaxInstanceLifetime": 864000,
    "InstanceMaintenancePolicy": {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200},
}


def group(client: Any, **settings: Any) -> str:
    name, ec2 = new_name(), client("ec2")
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"InstanceType": "t4g.large"})
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        MinSize=0,
        MaxSize=1,
        VPCZoneIdentifier=new_subnet(ec2, new_vpc(ec2), "ap-northeast-2a"),
        **settings,
    )
    return name


def told(client: Any, name: str, *fields: str) -> dict[str, Any]:
    [found] = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return {field: found.get(field) for field in fields}


def test_a_group_keeps_its_settings(gap: Any) -> None:
    gap(lambda client: told(client, group(client, **SETTINGS), *SETTINGS), SETTINGS)


def test_a_group_s_settings_can_be_changed(gap: Any) -> None:
    new = SETTINGS | {"DefaultCooldown": 60, "TerminationPolicies": ["OldestInstance"]}

    def probe(client: Any) -> Any:
        name = group(client)
        client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, **new)
        return told(client, name, *new)

    gap(probe, new)


def test_a_group_has_no_settings_that_nobody_gave(closed: Any) -> None:
    assert told(closed, group(closed), *SETTINGS) == dict.fromkeys(SETTINGS)


def test_a_refresh_that_was_asked_for_is_pending(gap: Any) -> None:
    def probe(client: Any) -> Any:
        named = {"AutoScalingGroupName": group(client)}
        refresh = client("autoscaling").start_instance_refresh(**named)["InstanceRefreshId"]
        found = client("autoscaling").describe_instance_refreshes(**named)["InstanceRefreshes"]
        return [(entry["InstanceRefreshId"] == refresh, entry["Status"]) for entry in found]

    gap(probe, [(True, "Pending")])
