"""What of the network leads out, or lets the world in. In a closed one there is nothing."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra.closed_network.model import Model, Resource
from tests.infra.closed_network.paths import EGRESS, INGRESS
from tests.infra.closed_network.place import place
from tests.infra.closed_network.roles import HOSTS, WORKERS

# the network's resources which this and paths.py read; of the same families there must be no other
READ = {
    *("aws_vpc", "aws_subnet", "aws_route_table", "aws_route", "aws_route_table_association", "aws_internet_gateway"),
    *("aws_vpc_endpoint", "aws_security_group", "aws_default_security_group", EGRESS, INGRESS),
    *("aws_nat_gateway", "aws_eip"),
}
FAMILIES = (
    *("aws_vpc", "aws_vpn", "aws_subnet", "aws_route", "aws_main_route", "aws_default_", "aws_security_group"),
    *("aws_network", "aws_nat_", "aws_internet_", "aws_egress_", "aws_ec2_", "aws_eip", "aws_instance", "aws_dx_"),
)
NO_NETWORK = ("aws_route53_record", "aws_route53_zone")
NETWORKS = ("cidr_ipv4", "cidr_ipv6")
# a task asks for an address when it is run; none is the default
PUBLIC_TASK = re.compile(r"assign_?public_?ip\W+(enabled|true)", re.IGNORECASE)
RUNS_TASKS = ("dags/**/*.py", "docker/*", "infra/*.tf", "infra/*.json", "plugins/**/*.py", "scripts/**/*.py")


def openings(model: Model) -> list[str]:
    """Return each way out of the private subnets or into them that is no endpoint, as a sentence."""
    ways = (_not_read, _gateways, _routes, _egress, _ingress, _public_addresses)
    return [opening for way in ways for opening in way(model)]


def connections(model: Model, kind: str) -> set[tuple[str, str, int]]:
    """Return who may open a connection to which security group by the rules of a kind: {(from, to, port)}."""
    found = set()
    for rule in model.of(kind):
        ends = [rule.values.get(name) for name in ("security_group_id", "referenced_security_group_id")]
        named = [other.address.split(".")[-1] for end in ends if end and (other := model.by_id(end))]
        if len(named) == 2:
            caller, called = named if kind == EGRESS else reversed(named)
            found.add((caller, called, rule.values["from_port"]))
    return found


def private_subnets(model: Model) -> set[str]:
    """Return where hosts, workers, endpoints and databases are."""
    callers = [subnet for caller in (HOSTS, WORKERS) for subnet in place(model, caller).subnets]
    others = model.of("aws_vpc_endpoint", "aws_db_subnet_group")
    return {*callers, *(subnet for other in others for subnet in other.list("subnet_ids"))}


def public_tasks(root: Path) -> list[str]:
    """Return the files that ask for a public address for a task."""
    files = sorted({path for pattern in RUNS_TASKS for path in root.glob(pattern) if path.is_file()})
    return [str(path.relative_to(root)) for path in files if PUBLIC_TASK.search(path.read_text())]


def _not_read(model: Model) -> Iterator[str]:
    for resource in model.resources:
        network = resource.type.startswith(FAMILIES) and resource.block.startswith("aws_")
        if network and resource.type not in (*READ, *NO_NETWORK):
            yield f"{resource.address}: this test does not know what a {resource.type} opens"


def _gateways(model: Model) -> Iterator[str]:
    yield from (f"{gateway.address} leads to the internet" for gateway in model.of("aws_nat_gateway", "aws_eip"))


def _routes(model: Model) -> Iterator[str]:
    private = private_subnets(model)
    rows = [row for row in model.of("aws_route_table_association") if row.values["subnet_id"] in private]
    for subnet in sorted(private - {row.values["subnet_id"] for row in rows}):
        yield f"{_name(model, subnet)} has the VPC's main route table, which this root does not make"
    tables = {row.values["route_table_id"] for row in rows}
    for route in model.of("aws_route"):
        if route.values.get("route_table_id") in tables:
            yield f"{route.address} leads from private subnets to {_destination(route.values)}"
    for table in model.of("aws_route_table"):
        for line in table.list("route") if table.values.get("id") in tables else []:
            yield f"{table.address} leads from private subnets to {_destination(line)}"


def _destination(route: Mapping[str, Any]) -> str:
    return ", ".join(str(value) for name, value in route.items() if value and re.search("cidr|prefix", name))


def _egress(model: Model) -> Iterator[str]:
    lists = {endpoint.values.get("prefix_list_id") for endpoint in model.of("aws_vpc_endpoint")}
    for rule in model.of(EGRESS):
        to = [rule.values[name] for name in NETWORKS if rule.values.get(name)]
        if (other := rule.values.get("prefix_list_id")) and other not in lists:
            to.append(other)
        yield from (f"{rule.address} lets {_group(model, rule)} out to {network}" for network in to)


def _ingress(model: Model) -> Iterator[str]:
    for rule in model.of(INGRESS):
        for name in (*NETWORKS, "prefix_list_id"):
            if rule.values.get(name):
                yield f"{rule.address} lets {rule.values[name]} in to {_group(model, rule)}"
    for group in model.of("aws_security_group", "aws_default_security_group"):
        for line in [*group.list("ingress"), *group.list("egress")]:
            for network in [*(line.get("cidr_blocks") or []), *(line.get("ipv6_cidr_blocks") or [])]:
                yield f"{group.address} has a rule for {network}"


def _public_addresses(model: Model) -> Iterator[str]:
    private = private_subnets(model)
    for subnet in model.of("aws_subnet"):
        if subnet.values["id"] in private and subnet.values.get("map_public_ip_on_launch"):
            yield f"{subnet.address} gives public addresses"
    for template in model.of("aws_launch_template"):
        for card in template.list("network_interfaces") or [{}]:
            if str(card.get("associate_public_ip_address")).lower() != "false":
                yield f"{template.address} does not say that hosts have no public address"
    for database in model.of("aws_db_instance"):
        if database.values.get("publicly_accessible"):
            yield f"{database.address} has a public address"
    yield from (f"{lb.address} has public addresses" for lb in model.of("aws_lb") if not lb.values.get("internal"))


def _group(model: Model, rule: Resource) -> str:
    return _name(model, rule.values.get("security_group_id", "a new group"))


def _name(model: Model, id: str) -> str:
    found = model.by_id(id)
    return found.address if found else id
