"""With nat_mode = none every service that is called is reached, and nothing else is; and the test would see it.

What is missing is taken out of the model of what Terraform makes, one by one. Once the variable
itself is made empty, and Terraform has to refuse it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.local.layout import ROOT
from tests.infra.closed_network import planning
from tests.infra.closed_network.model import Model, Resource
from tests.infra.closed_network.paths import EGRESS, INGRESS, endpoint_of, problems
from tests.infra.closed_network.place import place
from tests.infra.closed_network.proof import shortcomings
from tests.infra.closed_network.roles import HOSTS, WORKERS, grants
from tests.infra.closed_network.services import Call
from tests.infra.closed_network.use import LAYERS, PACKAGES, S3, by_client, is_client
from tests.infra.terraform.files import blocks

DEFAULT = re.compile(r"default\s*=\s*(\[.*?\])", re.DOTALL)
ENDPOINTS = json.loads(DEFAULT.findall(blocks("variable")["interface_endpoints"])[0])


def test_the_list_of_endpoints_is_what_terraform_makes(model: Model, called: list[Call]) -> None:
    made = {endpoint.key for endpoint in interfaces(model)}
    assert made == set(ENDPOINTS)
    # each costs its price by the hour: nothing is there that nobody calls
    assert made == {call.service for call in called} - {S3}
    assert {call.caller for call in called} == {HOSTS, WORKERS}


def test_every_call_arrives_and_nothing_else_is_open(plans: dict[str, Any]) -> None:
    assert shortcomings(plans[planning.CLOSED], ROOT) == []


def test_no_more_is_open_with_all_that_a_closed_network_can_have(all_plans: dict[str, Any]) -> None:
    [told] = shortcomings(all_plans[planning.ALL], ROOT)
    assert told.startswith(f'aws_vpc_security_group_ingress_rule.ui["{planning.PEOPLE}"] lets {planning.PEOPLE} in')


def test_the_sdk_asks_for_the_name_that_the_endpoint_has(model: Model, called: list[Call]) -> None:
    """A service with one address for all regions, as STS had, would not be found within the VPC."""
    prefixes = {grant.service for caller in (HOSTS, WORKERS) for grant in grants(model, caller)} | {"sts"}
    clients = {by_client(name, "").service: name for name in prefixes if is_client(name)}
    checked = clients.keys() & {call.service for call in called}
    assert len(checked) > 5
    for service in checked:
        address = boto3.client(clients[service], region_name=model.region).meta.endpoint_url  # type: ignore[call-overload]
        assert address == f"https://{'.'.join(reversed(service.split('.')))}.{model.region}.amazonaws.com"


@pytest.mark.parametrize("service", [*ENDPOINTS, S3])
def test_without_an_endpoint_its_calls_do_not_arrive(model: Model, called: list[Call], service: str) -> None:
    endpoint = endpoint_of(model, service)
    assert endpoint
    told = problems(model.without(endpoint.address), called)
    assert told
    said = "infra/endpoints.tf has to make s3's gateway" if service == S3 else f'add "{service}" to interface_endpoints'
    assert all(f"call {service}, but there is no endpoint for it: {said}" in text for text in told)


@pytest.mark.parametrize("service", ENDPOINTS)
def test_terraform_refuses_to_leave_out_an_endpoint(plans: dict[str, Any], service: str) -> None:
    said = " ".join(re.sub("[│╷╵]", "", plans[planning.REFUSED]).split())
    lacking = re.search(r"nat_mode is none, and interface_endpoints lacks ([^:]+): nothing could reach that", said)
    assert lacking
    assert service in lacking[1].split(", ")


@pytest.mark.parametrize("service", ENDPOINTS)
def test_an_endpoint_has_private_dns(model: Model, called: list[Call], service: str) -> None:
    address = f'aws_vpc_endpoint.interface["{service}"]'
    told = problems(model.altered(address, private_dns_enabled=False), called)
    assert told
    assert all(f"{address} has no private DNS" in text for text in told)


@pytest.mark.parametrize("service", [*ENDPOINTS, S3])
def test_an_endpoint_admits_what_roles_may_do(model: Model, called: list[Call], service: str) -> None:
    endpoint = endpoint_of(model, service)
    assert endpoint
    nothing = json.dumps({"Version": "2012-10-17", "Statement": []})
    told = problems(model.altered(endpoint.address, policy=nothing), called)
    assert told
    assert all(f"{endpoint.address}: its policy does not admit" in text for text in told)


def test_the_gateway_admits_aws_own_buckets(model: Model, called: list[Call]) -> None:
    policy = json.loads(gateway(model).values["policy"])
    own = json.dumps({**policy, "Statement": [text for text in policy["Statement"] if "Condition" in text]})
    told = problems(model.altered(gateway(model).address, policy=own), called)
    for bucket in (LAYERS, PACKAGES):
        assert any(f"arn:aws:s3:::{bucket.format(region=model.region)}/*" in text for text in told)


def test_an_endpoint_is_in_every_zone(model: Model, called: list[Call], subtests: pytest.Subtests) -> None:
    for endpoint in interfaces(model):
        subnets = endpoint.list("subnet_ids")
        assert len(subnets) > 1
        for subnet in subnets:
            with subtests.test(endpoint=endpoint.address, subnet=subnet):
                rest = [other for other in subnets if other != subnet]
                told = problems(model.altered(endpoint.address, subnet_ids=rest), called)
                assert told
                assert all(f"{endpoint.address} has no subnet in" in text for text in told)


def test_the_gateway_is_in_every_route_table(model: Model, called: list[Call], subtests: pytest.Subtests) -> None:
    tables = gateway(model).list("route_table_ids")
    assert len(tables) > 1
    for table in tables:
        with subtests.test(table=table):
            rest = [other for other in tables if other != table]
            told = problems(model.altered(gateway(model).address, route_table_ids=rest), called)
            assert told
            assert all("aws_route_table.private[" in text and "has no route to" in text for text in told)


def test_every_rule_is_needed(model: Model, called: list[Call], subtests: pytest.Subtests) -> None:
    rules = list(ways(model))
    assert len(rules) == 6  # from two callers: out to the endpoints, in there, and out to S3
    for rule in rules:
        with subtests.test(rule=rule.address):
            told = problems(model.without(rule.address), called)
            side = "egress" if rule.type == EGRESS else "ingress"
            assert told
            assert all(f"has no {side} rule" in text for text in told)
            assert len({text.split(" call ")[0].split(": ")[1] for text in told}) == 1


@pytest.mark.parametrize("switch", ["enable_dns_support", "enable_dns_hostnames"])
def test_the_vpc_has_name_servers(model: Model, called: list[Call], switch: str) -> None:
    told = problems(model.altered("aws_vpc.main", **{switch: False}), called)
    assert any(f"has not {switch}" in text for text in told)


def interfaces(model: Model) -> list[Resource]:
    return [found for found in model.of("aws_vpc_endpoint") if found.values["vpc_endpoint_type"] == "Interface"]


def gateway(model: Model) -> Resource:
    [found] = [found for found in model.of("aws_vpc_endpoint") if found.values["vpc_endpoint_type"] == "Gateway"]
    return found


def ways(model: Model) -> Iterator[Resource]:
    """Return the rules between the callers and the endpoints."""
    callers = {group for caller in (HOSTS, WORKERS) for group in place(model, caller).groups}
    endpoints = {group for endpoint in interfaces(model) for group in endpoint.list("security_group_ids")}
    for rule in model.of(EGRESS, INGRESS):
        ends = {rule.values["security_group_id"], rule.values.get("referenced_security_group_id")}
        to_s3 = rule.values.get("prefix_list_id") == gateway(model).values["prefix_list_id"]
        if ends & callers and (ends & endpoints or to_s3):
            yield rule
