"""Whose account it is, whether the region can be used, and whether its zones have what is asked for."""

import ipaddress
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from scripts.preflights.account import Account, told
from scripts.preflights.finding import Finding, ok, stop, warning
from scripts.preflights.plan import Plan


def credentials(plan: Plan, account: Account) -> Iterator[Finding]:
    """Find out whose account this is; every other check needs it."""
    try:
        caller = account.client("sts", account.home).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        todo = "log in (aws sso login, AWS_PROFILE, or the AWS_ACCESS_KEY_ID of a role), then run this again"
        yield stop("credentials", told(error), todo)
        return
    account.number = caller["Account"]
    yield ok("credentials", f"account {account.number} as {caller['Arn']}")


def region(plan: Plan, account: Account) -> Iterator[Finding]:
    regions = account.client("ec2", account.home).describe_regions(AllRegions=True)["Regions"]
    status = {each["RegionName"]: each["OptInStatus"] for each in regions}
    if plan.region not in status:
        yield stop("region", f"there is no {plan.region}", f"set region to one of {', '.join(sorted(status))}")
    elif status[plan.region] == "not-opted-in":
        todo = f"enable it, which takes minutes to hours: aws account enable-region --region-name {plan.region}"
        yield stop("region", f"{plan.region} is not enabled in this account", todo)
    else:
        yield ok("region", f"{plan.region} is enabled")


def zones_of(plan: Plan, account: Account) -> list[str]:
    """Return the zones that Terraform takes and that there are: those of zone_names, else the first by name.

    Local zones are none of them.
    """
    wanted = [{"Name": "opt-in-status", "Values": ["opt-in-not-required"]}, {"Name": "state", "Values": ["available"]}]
    found = account.client("ec2").describe_availability_zones(Filters=wanted)["AvailabilityZones"]
    there = sorted(each["ZoneName"] for each in found)
    if plan.zone_names is not None:
        return [zone for zone in plan.zone_names if zone in there]
    return there[: plan.zone_count]


def zones(plan: Plan, account: Account) -> Iterator[Finding]:
    taken = zones_of(plan, account)
    if missing := [zone for zone in plan.zone_names or [] if zone not in taken]:
        todo = "take others into zone_names: aws ec2 describe-availability-zones"
        yield stop("zones", f"{plan.region} has no {', '.join(missing)} for this account (zone_names)", todo)
        return
    if len(taken) < plan.zone_count:
        yield stop("zones", f"{plan.region} has {len(taken)}, zone_count is {plan.zone_count}", "lower zone_count")
        return
    yield ok("zones", ", ".join(taken))
    yield from _host_type(plan, account, taken)
    if plan.interface_endpoints:
        yield from _endpoints(plan, account, taken)


def _host_type(plan: Plan, account: Account, taken: list[str]) -> Iterator[Finding]:
    wanted = [{"Name": "instance-type", "Values": [plan.host_instance_type]}]
    offers = account.all(
        "ec2", "describe_instance_type_offerings", "InstanceTypeOfferings",
        LocationType="availability-zone", Filters=wanted,
    )  # fmt: skip
    offered = {each["Location"] for each in offers}
    if missing := [zone for zone in taken if zone not in offered]:
        todo = f"choose another host_instance_type; it is offered in {', '.join(sorted(offered)) or 'no zone'}"
        yield stop("hosts", f"{plan.host_instance_type} is not offered in {', '.join(missing)}", todo)
    else:
        yield ok("hosts", f"{plan.host_instance_type} is offered in all of them")


def _endpoints(plan: Plan, account: Account, taken: list[str]) -> Iterator[Finding]:
    names = {f"com.amazonaws.{plan.region}.{service}": service for service in plan.interface_endpoints}
    wanted = [{"Name": "service-name", "Values": list(names)}]
    found = account.all("ec2", "describe_vpc_endpoint_services", "ServiceDetails", Filters=wanted)
    where = {each["ServiceName"]: set(each["AvailabilityZones"]) for each in found}
    lacking = [service for name, service in names.items() if not set(taken) <= where.get(name, set())]
    if lacking:
        todo = 'take it out of interface_endpoints with nat_mode = "single", or use another region'
        yield stop("endpoints", f"{', '.join(lacking)}: no interface endpoint in {', '.join(taken)}", todo)
    else:
        yield ok("endpoints", f"all {len(names)} services have one in these zones")


def addresses(plan: Plan, account: Account) -> Iterator[Finding]:
    sizes = ", ".join(map(str, plan.subnets))
    if plan.task_capacity < plan.task_parallelism:
        yield stop(
            "addresses",
            f"{sizes} have room for {plan.task_capacity} tasks, task_parallelism is {plan.task_parallelism}",
            "take a larger vpc_cidr or private_subnet_cidrs, or lower task_parallelism",
        )
    else:
        yield ok("addresses", f"{sizes} have room for {plan.task_capacity} tasks")
    for vpc in account.all("ec2", "describe_vpcs", "Vpcs"):
        if plan.vpc.overlaps(ipaddress.IPv4Network(vpc["CidrBlock"])):
            what = f"{vpc['VpcId']} has {vpc['CidrBlock']}, which overlaps with vpc_cidr {plan.vpc_cidr}"
            yield warning("addresses", what, "choose another vpc_cidr if the two shall ever be connected")
