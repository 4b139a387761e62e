"""How hosts and workers reach the services that they call, and what is missing on the way."""

from collections.abc import Iterable, Iterator

from tests.infra.closed_network.model import Model, Resource
from tests.infra.closed_network.place import Place, place, zone
from tests.infra.closed_network.policies import Grant, refusal, statements
from tests.infra.closed_network.roles import grants, is_excused
from tests.infra.closed_network.services import Call
from tests.infra.closed_network.use import INTERNET, S3, UNKNOWN, by_permission

HTTPS = 443
EGRESS, INGRESS = "aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule"
# what everybody may call, so that no role names it
UNGRANTED = {"sts": "sts:GetCallerIdentity"}
ADD_GATEWAY = "there is no endpoint for it: infra/endpoints.tf has to make {}'s gateway"
ADD_ENDPOINT = (
    'there is no endpoint for it: add "{}" to interface_endpoints (its default, infra/variables_network.tf) '
    "and to needed_endpoints (infra/endpoints.tf)"
)


def problems(model: Model, calls: Iterable[Call]) -> list[str]:
    """Return what keeps calls from their services, each as a sentence; none when all arrive."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for call in calls:
        places.setdefault((call.caller, call.service, call.bucket), []).append(call.where)
    return [
        f"{_listed(where)}: {caller} call {service}, but {problem}"
        for (caller, service, bucket), where in places.items()
        for problem in _problems(model, caller, service, bucket)
    ]


def _listed(places: list[str]) -> str:
    more = len(places) - 3
    return ", ".join(places[:3]) + (f" and {more} more" if more > 0 else "")


def _problems(model: Model, caller: str, service: str, bucket: str) -> Iterator[str]:
    if service == UNKNOWN:
        yield 'which one that is cannot be read: name it by a literal, as boto3.client("s3")'
    elif service == INTERNET:
        yield "a closed network does not lead there: bring it by the deploy bucket or by ECR"
    elif (endpoint := endpoint_of(model, service)) is None:
        yield (ADD_GATEWAY if service == S3 else ADD_ENDPOINT).format(service)
    else:
        here = place(model, caller)
        way = _by_gateway if endpoint.values["vpc_endpoint_type"] == "Gateway" else _by_interface
        yield from _network(model, endpoint, here)
        yield from way(model, endpoint, here)
        yield from _policy(model, endpoint, _needed(model, caller, service, bucket))


def endpoint_of(model: Model, service: str) -> Resource | None:
    name = f"com.amazonaws.{model.region}.{service}"
    return next((found for found in model.of("aws_vpc_endpoint") if found.values["service_name"] == name), None)


def _network(model: Model, endpoint: Resource, here: Place) -> Iterator[str]:
    networks = {found.values["vpc_id"] for subnet in here.subnets if (found := model.by_id(subnet))}
    if networks != {endpoint.values["vpc_id"]}:
        yield f"{endpoint.address} is in another VPC"


def _by_interface(model: Model, endpoint: Resource, here: Place) -> Iterator[str]:
    yield from _names(model, endpoint)
    zones = {zone(model, subnet) for subnet in here.subnets}
    for missing in sorted(zones - {zone(model, subnet) for subnet in endpoint.list("subnet_ids")}):
        yield f"{endpoint.address} has no subnet in {missing}"
    # one rule lets the caller out to the endpoint's group, another one lets it in there
    groups = tuple(endpoint.list("security_group_ids"))
    if not _open(model, EGRESS, here.groups, groups):
        yield f"{_named(model, here.groups)} has no egress rule to {_named(model, groups)}, port {HTTPS}"
    if not _open(model, INGRESS, groups, here.groups):
        yield f"{_named(model, groups)} has no ingress rule from {_named(model, here.groups)}, port {HTTPS}"


def _by_gateway(model: Model, endpoint: Resource, here: Place) -> Iterator[str]:
    tables = {row.values["subnet_id"]: row.values["route_table_id"] for row in model.of("aws_route_table_association")}
    for subnet in here.subnets:
        if tables.get(subnet) not in endpoint.list("route_table_ids"):
            yield f"{_named(model, [tables.get(subnet, subnet)])} has no route to {endpoint.address}"
    lists = {rule.values.get("prefix_list_id") for rule in _https(model, EGRESS, here.groups)}
    if endpoint.values["prefix_list_id"] not in lists:
        yield f"{_named(model, here.groups)} has no egress rule to the prefix list of {endpoint.address}, port {HTTPS}"


def _names(model: Model, endpoint: Resource) -> Iterator[str]:
    """Only the VPC's own name servers know that the service's usual name is the endpoint's."""
    if not endpoint.values.get("private_dns_enabled"):
        yield f"{endpoint.address} has no private DNS, so the service's name leads to the internet"
    network = model.by_id(endpoint.values["vpc_id"])
    for switch in ("enable_dns_support", "enable_dns_hostnames"):
        if network is None or not network.values.get(switch):
            yield f"the VPC of {endpoint.address} has not {switch}, which private DNS needs"


def _open(model: Model, kind: str, of: Iterable[str], to: Iterable[str]) -> bool:
    return any(rule.values.get("referenced_security_group_id") in tuple(to) for rule in _https(model, kind, of))


def _https(model: Model, kind: str, groups: Iterable[str]) -> list[Resource]:
    """Return the rules of some groups that let HTTPS through."""
    those = tuple(groups)
    return [rule for rule in model.of(kind) if rule.values.get("security_group_id") in those and _is_https(rule)]


def _is_https(rule: Resource) -> bool:
    values = rule.values
    if values["ip_protocol"] == "-1":
        return True
    return values["ip_protocol"] == "tcp" and HTTPS in range(values["from_port"], values["to_port"] + 1)


def _policy(model: Model, endpoint: Resource, needed: Iterable[Grant]) -> list[str]:
    policy = statements(model, endpoint, "policy")
    found = {refusal(model, policy, grant) for grant in needed}
    return [f"{endpoint.address}: {text}" for text in sorted(found - {""})]


def _needed(model: Model, caller: str, service: str, bucket: str) -> list[Grant]:
    """Return what has to pass the endpoint: all that the caller's roles may do there, or reading AWS's own bucket."""
    if bucket:
        return [Grant("anybody", "s3:GetObject", f"arn:aws:s3:::{bucket}/*", own=False)]
    named = [grant for grant in grants(model, caller) if not is_excused(grant) and _leads_to(grant, service)]
    return [*named, *([Grant("every role", UNGRANTED[service], "*")] if service in UNGRANTED else [])]


def _leads_to(grant: Grant, service: str) -> bool:
    """Tell whether a grant is used at an endpoint; those of ECR are at both of its endpoints."""
    return service in (by_permission(grant.service, "").service, f"{grant.service}.dkr")


def _named(model: Model, ids: Iterable[str]) -> str:
    return ", ".join(found.address if (found := model.by_id(id)) else str(id) for id in ids) or "none"
