"""What leads out of the network, or lets the world in, is seen; with nat_mode = none there is nothing of it."""

from pathlib import Path
from typing import Any

import pytest

from infra.local.layout import ROOT
from tests.infra.closed_network import planning
from tests.infra.closed_network.model import Model, Resource, read
from tests.infra.closed_network.openings import READ, connections, openings, public_tasks
from tests.infra.closed_network.paths import EGRESS, INGRESS

CONNECTIONS = {
    ("workers", "hosts", 443),  # the Execution API
    ("workers", "endpoints", 443),
    ("hosts", "hosts", 443),
    ("hosts", "endpoints", 443),
    ("hosts", "database", 5432),
}


def test_nothing_is_open(model: Model) -> None:
    assert {resource.type for resource in model.resources} >= READ - {"aws_nat_gateway", "aws_eip"}
    assert openings(model) == []


def test_who_may_open_a_connection_to_whom(model: Model) -> None:
    assert connections(model, EGRESS) == CONNECTIONS
    assert connections(model, INGRESS) == CONNECTIONS


def test_a_nat_gateway_is_seen(all_plans: dict[str, Any]) -> None:
    """From Terraform itself, with another nat_mode."""
    told = openings(read(all_plans[planning.OPEN]))
    for block in ("aws_nat_gateway.main", "aws_eip.nat", "aws_route.private_nat", f"{EGRESS}.internet"):
        assert any(text.startswith(block) for text in told), block


ADDED: dict[str, dict[str, Any]] = {
    "aws_security_group_rule": {},
    "aws_vpc_peering_connection": {},
    "aws_egress_only_internet_gateway": {},
    EGRESS: {"cidr_ipv6": "::/0"},
    INGRESS: {"cidr_ipv4": "0.0.0.0/0"},
    "aws_security_group": {"ingress": [{"cidr_blocks": ["0.0.0.0/0"]}]},
    "aws_db_instance": {"publicly_accessible": True},
    "aws_lb": {"internal": False},
}


@pytest.mark.parametrize("type", ADDED)
def test_what_is_added_is_seen(model: Model, type: str) -> None:
    added = Resource(f"{type}.added", type, f"{type}.added", None, ADDED[type], {})
    [told] = openings(Model([*model.resources, added], model.outputs))
    assert told.startswith(added.address)


def test_a_route_is_seen(model: Model) -> None:
    table = next(resource for resource in model.of("aws_route_table") if "private" in resource.address)
    values = {"route_table_id": table.values["id"], "destination_cidr_block": "0.0.0.0/0"}
    added = Resource("aws_route.added", "aws_route", "aws_route.added", None, values, {})
    told = openings(Model([*model.resources, added], model.outputs))
    assert told == ["aws_route.added leads from private subnets to 0.0.0.0/0"]
    told = openings(model.altered(table.address, route=[{"cidr_block": "10.1.0.0/16", "gateway_id": "vgw-1"}]))
    assert told == [f"{table.address} leads from private subnets to 10.1.0.0/16"]


def test_a_public_address_is_seen(model: Model) -> None:
    subnet = next(resource for resource in model.of("aws_subnet") if "private" in resource.address)
    assert openings(model.altered(subnet.address, map_public_ip_on_launch=True))
    template = model.one("aws_launch_template")
    [card] = template.list("network_interfaces")
    for said in ("true", "", None):
        cards = [{**card, "associate_public_ip_address": said}]
        assert openings(model.altered(template.address, network_interfaces=cards))


def test_a_subnet_without_a_route_table_is_seen(model: Model) -> None:
    row = next(row for row in model.of("aws_route_table_association") if "private" in row.address)
    [told] = openings(model.without(row.address))
    assert "has the VPC's main route table" in told


def test_no_task_asks_for_a_public_address(tmp_path: Path) -> None:
    assert public_tasks(ROOT) == []
    for folder, text in (("dags", 'x = {"assignPublicIp": "ENABLED"}\n'), ("docker", "A__ASSIGN_PUBLIC_IP=True\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").write_text(text)
    assert public_tasks(tmp_path) == ["dags/x.py", "docker/x.py"]
