"""Credentials, region, zones, what is offered in them, and addresses."""

from typing import Any

import pytest

from scripts.preflights.account import Account
from scripts.preflights.place import addresses, credentials, region, zones
from scripts.preflights.tfvars import BadVariables
from tests.scripts.preflights.canned import REGION, CannedAccount, plan
from tests.scripts.preflights.conftest import Found

ZONES = f"{REGION}a, {REGION}b"


def endpoint_services(*zones: str, without: str = "") -> list[dict[str, Any]]:
    names = [service for service in plan().interface_endpoints if service != without]
    return [{"ServiceName": f"com.amazonaws.{REGION}.{name}", "AvailabilityZones": list(zones)} for name in names]


def test_credentials_name_the_account(account: CannedAccount, found: Found) -> None:
    account.number = ""
    assert found(credentials) == [("ok", "account 123456789012 as arn:aws:sts::123456789012:user/moto")]
    assert account.number == "123456789012"


def test_no_credentials(account: CannedAccount) -> None:
    (found,) = credentials(plan(), Account(REGION))
    assert (str(found.level), found.what) == ("stop", "Unable to locate credentials")
    assert found.todo.startswith("log in (aws sso login, AWS_PROFILE, or")


def test_refused_credentials(account: CannedAccount, found: Found) -> None:
    account.refuse("GetCallerIdentity", "ExpiredToken")
    assert found(credentials)[0][0] == "stop"
    assert "(ExpiredToken)" in found(credentials)[0][1]


def test_a_region_that_is_enabled(account: CannedAccount, found: Found) -> None:
    assert found(region) == [("ok", f"{REGION} is enabled")]


def test_a_region_that_is_not_enabled(account: CannedAccount, found: Found) -> None:
    account.answer("DescribeRegions", Regions=[{"RegionName": REGION, "OptInStatus": "not-opted-in"}])
    assert found(region) == [("stop", f"{REGION} is not enabled in this account")]


def test_a_region_that_there_is_not(account: CannedAccount, found: Found) -> None:
    assert found(region, "region=ap-northeast-9") == [("stop", "there is no ap-northeast-9")]


def test_zones_and_what_is_offered_there(account: CannedAccount, found: Found) -> None:
    account.answer("DescribeVpcEndpointServices", ServiceDetails=endpoint_services(f"{REGION}a", f"{REGION}b"))
    assert found(zones) == [
        ("ok", ZONES),
        ("ok", "t4g.large is offered in all of them"),
        ("ok", "all 11 services have one in these zones"),
    ]


def test_too_few_zones(account: CannedAccount, found: Found) -> None:
    account.answer("DescribeAvailabilityZones", AvailabilityZones=[{"ZoneName": f"{REGION}a"}])
    assert found(zones) == [("stop", f"{REGION} has 1, zone_count is 2")]


NAMED = f'zone_names=["{REGION}c", "{REGION}a"]'


def test_zones_that_are_named_are_those_that_are_asked_about(account: CannedAccount, found: Found) -> None:
    offers = [{"InstanceType": "t4g.large", "Location": f"{REGION}{letter}"} for letter in "ab"]
    account.answer("DescribeInstanceTypeOfferings", InstanceTypeOfferings=offers)
    account.answer("DescribeVpcEndpointServices", ServiceDetails=endpoint_services(f"{REGION}a", f"{REGION}b"))
    every = ", ".join(plan().interface_endpoints)
    assert found(zones, NAMED) == [
        ("ok", f"{REGION}c, {REGION}a"),
        ("stop", f"t4g.large is not offered in {REGION}c"),
        ("stop", f"{every}: no interface endpoint in {REGION}c, {REGION}a"),
    ]


def test_a_zone_that_is_named_and_that_there_is_not(account: CannedAccount, found: Found) -> None:
    account.answer("DescribeAvailabilityZones", AvailabilityZones=[{"ZoneName": f"{REGION}{one}"} for one in "abd"])
    assert found(zones, NAMED) == [("stop", f"{REGION} has no {REGION}c for this account (zone_names)")]


def test_as_many_zones_are_named_as_there_shall_be() -> None:
    with pytest.raises(BadVariables, match=f"^zone_count is 2, and zone_names are {REGION}a, {REGION}a$"):
        plan(f'zone_names=["{REGION}a", "{REGION}a"]')


def test_a_host_type_that_a_zone_lacks(account: CannedAccount, found: Found) -> None:
    offers = [{"InstanceType": "t4g.large", "Location": f"{REGION}{letter}"} for letter in "bc"]
    account.answer("DescribeInstanceTypeOfferings", InstanceTypeOfferings=offers)
    account.answer("DescribeVpcEndpointServices", ServiceDetails=endpoint_services(f"{REGION}a", f"{REGION}b"))
    assert ("stop", f"t4g.large is not offered in {REGION}a") in found(zones)


@pytest.mark.parametrize(
    ("services", "lacking"),
    [
        (endpoint_services(f"{REGION}a", f"{REGION}b", without="ssmmessages"), "ssmmessages"),
        (
            endpoint_services(f"{REGION}a", f"{REGION}c")[:1] + endpoint_services(f"{REGION}a", f"{REGION}b")[1:],
            "ecr.api",
        ),
    ],
)
def test_an_endpoint_that_a_zone_lacks(
    account: CannedAccount, found: Found, services: list[dict[str, Any]], lacking: str
) -> None:
    account.answer("DescribeVpcEndpointServices", ServiceDetails=services)
    assert ("stop", f"{lacking}: no interface endpoint in {ZONES}") in found(zones)


def test_enough_addresses(account: CannedAccount, found: Found) -> None:
    assert found(addresses) == [("ok", "10.40.0.0/18, 10.40.64.0/18 have room for 26156 tasks")]


def test_too_few_addresses(account: CannedAccount, found: Found) -> None:
    assert found(addresses, "vpc_cidr=10.40.0.0/22") == [
        ("stop", "10.40.0.0/24, 10.40.1.0/24 have room for 352 tasks, task_parallelism is 1000")
    ]


def test_a_network_that_overlaps(account: CannedAccount, found: Found, made: Any) -> None:
    vpc = made("ec2").create_vpc(CidrBlock="10.40.128.0/20")["Vpc"]["VpcId"]
    assert ("warning", f"{vpc} has 10.40.128.0/20, which overlaps with vpc_cidr 10.40.0.0/16") in found(addresses)
    assert found(addresses, "vpc_cidr=10.50.0.0/16")[1:] == []


def test_no_endpoints_are_asked_for_where_none_are_wanted(account: CannedAccount, found: Found) -> None:
    assert len(found(zones, "nat_mode=single", "interface_endpoints=[]")) == 2
    assert "DescribeVpcEndpointServices" not in account.asked
