"""What an apply with these variables will make, as far as the checks ask for it."""

import ipaddress
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from scripts.preflights.tfvars import BadVariables

NO_DIGEST = "sha256:" + 64 * "0"
CHOICES = {
    "nat_mode": ("none", "single", "per_az"),
    "ui_access": ("session-manager", "internal", "public"),
    "architecture": ("ARM64", "X86_64"),
}
AWS_ADDRESSES = 5  # of each subnet
# as infra/network.tf counts them: 20 for load balancers, hosts and databases, and a fifth for tasks that have ended
OTHER_ADDRESSES = 20
TASK_SHARE = 0.8


@dataclass(frozen=True)
class Plan:
    """The variables that the checks use; names are those of infra/variables*.tf."""

    name: str
    environment: str
    region: str
    domain_name: str
    aws_endpoint_url: str | None
    vpc_cidr: str
    zone_count: int
    zone_names: list[str] | None
    private_subnet_cidrs: list[str] | None
    task_parallelism: int
    nat_mode: str
    interface_endpoints: list[str]
    ui_access: str
    ui_networks: list[str]
    certificate_arn: str | None
    architecture: str
    worker_cpu: int
    host_count: int
    host_instance_type: str
    gitlab_url: str
    gitlab_oidc_provider_arn: str | None
    image_digest: str

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Plan":
        """Return the plan of these values.

        :raises BadVariables: for one that is missing, or of another type
        """
        chosen = {field: values.get(field, ...) for field in get_type_hints(cls)}
        missing = [field for field, value in chosen.items() if value is ...]
        if missing:
            raise BadVariables(f"no value of {', '.join(missing)}: write it into the .tfvars file, or --var NAME=VALUE")
        for field, hint in get_type_hints(cls).items():
            if not _fits(chosen[field], hint):
                raise BadVariables(f"{field} is {chosen[field]!r}, which is no {getattr(hint, '__name__', hint)}")
        for field, legal in CHOICES.items():
            if chosen[field] not in legal:
                raise BadVariables(f"{field} is {chosen[field]!r}: legal are {', '.join(legal)}")
        return cls(**chosen)

    def __post_init__(self) -> None:
        try:
            found = len(self.subnets) if self.vpc else 0
        except ValueError as error:
            raise BadVariables(f"vpc_cidr or private_subnet_cidrs: {error}")
        if found < self.zone_count:
            raise BadVariables(f"zone_count is {self.zone_count}, and there are {found} private subnets")
        if self.zone_names is not None and len(set(self.zone_names)) != self.zone_count:
            raise BadVariables(f"zone_count is {self.zone_count}, and zone_names are {', '.join(self.zone_names)}")

    @property
    def prefix(self) -> str:
        return f"{self.name}-{self.environment}"

    @property
    def gateways(self) -> int:
        """Return how many NAT gateways there will be."""
        return {"none": 0, "single": 1, "per_az": self.zone_count}[self.nat_mode]

    @property
    def load_balancers(self) -> int:
        return (self.host_count > 1) + (self.ui_access == "public")

    @property
    def vcpus(self) -> float:
        """Return what all tasks of the default size take at once."""
        return self.task_parallelism * self.worker_cpu / 1024

    @property
    def vpc(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network(self.vpc_cidr)

    @property
    def subnets(self) -> list[ipaddress.IPv4Network]:
        """Return the private subnets: those that are given, or quarters of the VPC."""
        if self.private_subnet_cidrs is not None:
            return [ipaddress.IPv4Network(cidr) for cidr in self.private_subnet_cidrs]
        return list(self.vpc.subnets(2))[: self.zone_count]

    @property
    def task_capacity(self) -> int:
        """Return for how many tasks the private subnets have addresses. The smallest one is full first."""
        least = min(subnet.num_addresses for subnet in self.subnets)
        others = AWS_ADDRESSES + OTHER_ADDRESSES + len(self.interface_endpoints)
        return max(0, int(self.zone_count * (least - others) * TASK_SHARE))

    def buckets(self, account: str) -> list[str]:
        return [f"{self.prefix}-{key}-{account}" for key in ("logs", "lake", "payloads", "deploy")]

    def state_bucket(self, account: str) -> str:
        return f"{self.name}-terraform-state-{account}"

    @property
    def state_key(self) -> str:
        return f"{self.prefix}.tfstate"


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if get_origin(hint) is UnionType:
        return any(_fits(value, each) for each in get_args(hint))
    return isinstance(value, hint) and not isinstance(value, bool)
