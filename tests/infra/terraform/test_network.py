"""The network that was applied: closed, but for the ways that it names."""

import json
from typing import Any

import pytest

from tests.infra.terraform.account import REGION, Account
from tests.infra.terraform.conftest import PREFIX

pytestmark = pytest.mark.apply

ENDPOINTS = {
    *("ecr.api", "ecr.dkr", "ecs", "logs", "monitoring", "rds", "secretsmanager", "sts"),
    *("ssm", "ssmmessages", "ec2messages"),
}
EVERYBODY = {"0.0.0.0/0", "::/0"}


@pytest.fixture(scope="module")
def private(outputs: dict[str, Any]) -> set[str]:
    """The private subnets."""
    return set(outputs["private_subnets"].values())


@pytest.fixture(scope="module")
def private_tables(account: Account, private: set[str]) -> list[Any]:
    tables = account.all("ec2", "describe_route_tables", "RouteTables")
    return [table for table in tables if private & {entry.get("SubnetId") for entry in table["Associations"]}]


@pytest.fixture(scope="module")
def groups(account: Account, private: set[str]) -> dict[str, str]:
    """The security groups of the VPC, as {id: name}."""
    groups = account.all("ec2", "describe_security_groups", "SecurityGroups")
    return {group["GroupId"]: group["GroupName"] for group in groups if group["VpcId"] == vpc(account, private)}


@pytest.fixture(scope="module")
def rules(account: Account, groups: dict[str, str]) -> list[Any]:
    rules = account.all("ec2", "describe_security_group_rules", "SecurityGroupRules")
    return [rule for rule in rules if rule["GroupId"] in groups]


def vpc(account: Account, private: set[str]) -> str:
    subnets = account.client("ec2").describe_subnets(SubnetIds=sorted(private))["Subnets"]
    [found] = {subnet["VpcId"] for subnet in subnets}
    return str(found)


def test_private_subnets_are_in_two_zones_and_give_no_public_address(account: Account, private: set[str]) -> None:
    subnets = account.client("ec2").describe_subnets(SubnetIds=sorted(private))["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    assert [subnet["MapPublicIpOnLaunch"] for subnet in subnets] == [False, False]


def test_no_private_subnet_has_a_route_to_the_internet(private: set[str], private_tables: list[Any]) -> None:
    associated = {entry["SubnetId"] for table in private_tables for entry in table["Associations"]}
    assert associated == private
    destinations = {route.get("DestinationCidrBlock") for table in private_tables for route in table["Routes"]}
    assert destinations & EVERYBODY == set()
    assert [route for table in private_tables for route in table["Routes"] if route.get("NatGatewayId")] == []


def test_every_service_has_an_endpoint_in_every_private_subnet(account: Account, private: set[str]) -> None:
    found = account.all("ec2", "describe_vpc_endpoints", "VpcEndpoints")
    interfaces = {one["ServiceName"]: one for one in found if one["VpcEndpointType"] == "Interface"}
    assert set(interfaces) == {f"com.amazonaws.{REGION}.{name}" for name in ENDPOINTS}
    assert all(one["PrivateDnsEnabled"] and set(one["SubnetIds"]) == private for one in interfaces.values())


def test_s3_is_reached_by_a_gateway_from_every_private_subnet(account: Account, private_tables: list[Any]) -> None:
    found = account.all("ec2", "describe_vpc_endpoints", "VpcEndpoints")
    [gateway] = [one for one in found if one["VpcEndpointType"] == "Gateway"]
    assert gateway["ServiceName"] == f"com.amazonaws.{REGION}.s3"
    assert set(gateway["RouteTableIds"]) == {table["RouteTableId"] for table in private_tables}


def test_no_endpoint_admits_everything(account: Account) -> None:
    policies = [
        json.loads(one["PolicyDocument"]) for one in account.all("ec2", "describe_vpc_endpoints", "VpcEndpoints")
    ]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    assert len(statements) >= len(ENDPOINTS) + 1
    assert [one for one in statements if one.get("Resource") == "*" and not one.get("Condition")] == []


def test_only_named_connections_are_open(rules: list[Any], groups: dict[str, str]) -> None:
    incoming = {
        (groups[rule["ReferencedGroupInfo"]["GroupId"]], groups[rule["GroupId"]], rule["ToPort"])
        for rule in rules
        if not rule["IsEgress"]
    }
    named = {(source.removeprefix(f"{PREFIX}-"), to.removeprefix(f"{PREFIX}-"), port) for source, to, port in incoming}
    assert named == {
        ("workers", "hosts", 443),
        ("workers", "endpoints", 443),
        ("hosts", "hosts", 443),
        ("hosts", "endpoints", 443),
        ("hosts", "database", 5432),
    }


def test_nothing_leaves_but_to_a_group_or_to_s3(rules: list[Any]) -> None:
    outgoing = [rule for rule in rules if rule["IsEgress"]]
    assert outgoing
    assert [rule for rule in outgoing if not rule.get("ReferencedGroupInfo") and not rule.get("PrefixListId")] == []


def test_every_rule_says_what_it_is_for(rules: list[Any]) -> None:
    assert rules
    assert [rule for rule in rules if not rule.get("Description")] == []


def test_the_default_security_group_admits_nothing(rules: list[Any], groups: dict[str, str]) -> None:
    assert "default" in groups.values()
    assert [rule for rule in rules if groups[rule["GroupId"]] == "default"] == []


def test_every_connection_is_logged(account: Account, private: set[str]) -> None:
    logs = account.all("ec2", "describe_flow_logs", "FlowLogs")
    of_vpc = [(log["TrafficType"], log["FlowLogStatus"]) for log in logs if log["ResourceId"] == vpc(account, private)]
    assert of_vpc == [("ALL", "ACTIVE")]


def test_the_name_of_the_deployment_is_private(account: Account, private: set[str]) -> None:
    [zone] = account.all("route53", "list_hosted_zones", "HostedZones")
    told = account.client("route53").get_hosted_zone(Id=zone["Id"])
    assert told["HostedZone"]["Name"] == "airflow.example.com."
    assert [entry["VPCId"] for entry in told["VPCs"]] == [vpc(account, private)]
