from typing import Any

from tests.infra.local.aws.gaps.network import new_group, new_vpc

HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def rule(client: Any, **source: Any) -> Any:
    """Make a rule and return it as it is described."""
    ec2 = client("ec2")
    group = new_group(ec2, new_vpc(ec2))
    made = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{**HTTPS, **source}])
    identity = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return ec2.describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"][0]


def test_a_rule_for_a_group_has_its_description(gap: Any) -> None:
    def probe(client: Any) -> Any:
        ec2 = client("ec2")
        other = {"GroupId": new_group(ec2, new_vpc(ec2)), "Description": "to the hosts"}
        return rule(client, UserIdGroupPairs=[other]).get("Description")

    gap(probe, "to the hosts")


def test_a_rule_for_a_prefix_list_has_its_description(gap: Any) -> None:
    def probe(client: Any) -> Any:
        lists = client("ec2").describe_managed_prefix_lists()["PrefixLists"]
        return rule(client, PrefixListIds=[{"PrefixListId": lists[0]["PrefixListId"], "Description": "to S3"}]).get(
            "Description"
        )

    gap(probe, "to S3")


def test_a_changed_description_is_told(closed: Any) -> None:
    ec2 = closed("ec2")
    prefix_list = ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    made = rule(closed, PrefixListIds=[{"PrefixListId": prefix_list, "Description": "old"}])
    change = {**HTTPS, "PrefixListId": prefix_list, "Description": "new"}
    ec2.modify_security_group_rules(
        GroupId=made["GroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": made["SecurityGroupRuleId"], "SecurityGroupRule": change}],
    )
    rules = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])["SecurityGroupRules"]
    assert [(rule["Description"], rule["PrefixListId"]) for rule in rules] == [("new", prefix_list)]


def test_a_rule_for_addresses_needs_no_patch(closed: Any, plain: Any) -> None:
    for client in (closed, plain):
        assert rule(client, IpRanges=[{"CidrIp": "10.1.0.0/16", "Description": "VPN"}])["Description"] == "VPN"
