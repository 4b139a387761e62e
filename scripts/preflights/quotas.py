"""The account's quotas, against what will be made."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from scripts.preflights.account import Account, told
from scripts.preflights.finding import Finding, ok, stop, warning
from scripts.preflights.place import zones_of
from scripts.preflights.plan import Plan

# the first letters of the instance families that share one quota
STANDARD = "acdhimrtz"
GROUP_RULES = 5  # of a security group, besides those for ui_networks


@dataclass(frozen=True)
class Need:
    """How much of a quota there has to be. ``less``: what could be set lower. ``waits``: less only makes tasks wait."""

    service: str
    code: str
    title: str
    used: float
    more: float
    less: str = ""
    waits: bool = False

    @property
    def total(self) -> float:
        return self.used + self.more

    def ask(self, region: str) -> str:
        """Return what to ask AWS for."""
        command = (
            f"aws service-quotas request-service-quota-increase --region {region} "
            f"--service-code {self.service} --quota-code {self.code} --desired-value {_up(self.total)}"
        )
        return f"ask AWS for {_up(self.total)}: {command}" + (f"; or {self.less}" if self.less else "")


def quotas(plan: Plan, account: Account) -> Iterator[Finding]:
    for need in [*_fargate(plan), *_network(plan, account), *_addresses(plan, account), *_servers(plan, account)]:
        yield _compared(need, plan, account)


def _compared(need: Need, plan: Plan, account: Account) -> Finding:
    try:
        value = _value(need, account)
    except ClientError as error:
        todo = f"allow servicequotas:GetServiceQuota, or look for {need.code} in the console: {_up(need.total)} or more"
        return warning("quota", f"{need.title} is not known: {told(error)}", todo)
    used = f", {need.used:g} of it in use," if need.used else ","
    what = f"{need.title}: {value:g}{used} {need.more:g} more needed"
    if need.total <= value:
        return ok("quota", what)
    if need.waits and value >= plan.worker_cpu / 1024:
        return warning("quota", f"{what}: tasks will wait for each other", need.ask(plan.region))
    return stop("quota", what, need.ask(plan.region))


def _value(need: Need, account: Account) -> float:
    client = account.client("service-quotas")
    wanted = {"ServiceCode": need.service, "QuotaCode": need.code}
    try:
        return float(client.get_service_quota(**wanted)["Quota"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchResourceException":
            raise
        # an account that never had one of its own has AWS's default
        return float(client.get_aws_default_service_quota(**wanted)["Quota"]["Value"])


def _fargate(plan: Plan) -> list[Need]:
    less = "lower task_parallelism, and FARGATE_LANE_PARALLELISM in docker/airflow.env with it"
    return [
        Need("fargate", code, f"Fargate {kind} vCPUs", 0, plan.vcpus, less, waits=True)
        for kind, code in (("on-demand", "L-3032A538"), ("Spot", "L-36FBB829"))
    ]


def _network(plan: Plan, account: Account) -> list[Need]:
    gateways = account.all("ec2", "describe_internet_gateways", "InternetGateways")
    endpoints = account.all("ec2", "describe_vpc_endpoints", "VpcEndpoints")
    routed = [each for each in endpoints if each["VpcEndpointType"] == "Gateway"]
    interfaces = account.all("ec2", "describe_network_interfaces", "NetworkInterfaces")
    rules = len(plan.ui_networks) + GROUP_RULES
    ours = plan.task_parallelism + plan.zone_count * len(plan.interface_endpoints) + 20 * plan.zone_count
    listed = 'name fewer in interface_endpoints, with nat_mode = "single"'
    vpcs = account.all("ec2", "describe_vpcs", "Vpcs")
    return [
        Need("vpc", "L-F678F1CE", "VPCs", len(vpcs), 1, "delete one that is not used"),
        Need("vpc", "L-A4707A72", "internet gateways", len(gateways), 1, "delete one that is not used"),
        Need("vpc", "L-29B6F2EB", "interface endpoints in a VPC", 0, len(plan.interface_endpoints), listed),
        Need("vpc", "L-1B52E74A", "gateway endpoints", len(routed), 1),
        Need("vpc", "L-0EA8095F", "rules of a security group", 0, rules, "name fewer networks in ui_networks"),
        Need("vpc", "L-DF5E4CA3", "network interfaces", len(interfaces), ours, "lower task_parallelism"),
    ]


def _addresses(plan: Plan, account: Account) -> list[Need]:
    """Return what NAT gateways need: each has an elastic IP, and a zone takes a few."""
    if not plan.gateways:
        return []
    addresses = account.client("ec2").describe_addresses()["Addresses"]
    less = 'set nat_mode to "single" or "none"'
    needs = [Need("ec2", "L-0263D0A3", "elastic IPs", len(addresses), plan.gateways, less)]
    wanted = [{"Name": "state", "Values": ["pending", "available"]}]
    gateways = account.all("ec2", "describe_nat_gateways", "NatGateways", Filters=wanted)
    zone_of = {each["SubnetId"]: each["AvailabilityZone"] for each in account.all("ec2", "describe_subnets", "Subnets")}
    for zone in zones_of(plan, account)[: plan.gateways]:
        used = sum(zone_of.get(each["SubnetId"]) == zone for each in gateways)
        needs.append(Need("vpc", "L-FE5A380F", f"NAT gateways in {zone}", used, 1, less))
    return needs


def _servers(plan: Plan, account: Account) -> list[Need]:
    databases = account.all("rds", "describe_db_instances", "DBInstances")
    needs = [
        Need("ec2", "L-1216C47A", "EC2 vCPUs", *_vcpus(plan, account), "choose a smaller host_instance_type"),
        Need("rds", "L-7B6409FD", "databases", len(databases), 1),
    ]
    if plan.load_balancers:
        balancers = account.all("elbv2", "describe_load_balancers", "LoadBalancers")
        used = sum(each["Type"] == "application" for each in balancers)
        needs.append(
            Need("elasticloadbalancing", "L-53DA6B97", "application load balancers", used, plan.load_balancers)
        )
    return needs


def _vcpus(plan: Plan, account: Account) -> tuple[float, float]:
    """Return the vCPUs of the running instances that count, and those of the hosts."""
    running = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    reservations = account.all("ec2", "describe_instances", "Reservations", Filters=running)
    types = [each["InstanceType"] for reservation in reservations for each in reservation["Instances"]]
    types = [each for each in types if each[0] in STANDARD]
    asked = sorted({*types, plan.host_instance_type})
    found = account.all("ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=asked)
    size = {each["InstanceType"]: each["VCpuInfo"]["DefaultVCpus"] for each in found}
    return sum(size[each] for each in types), plan.host_count * size[plan.host_instance_type]


def _up(value: float) -> int:
    return -int(-value // 1)
