"""The ways to connect the private subnets with AWS, and what takes which way in each."""

from dataclasses import dataclass

from scripts.costs.workload import Workload

ECR = ("ecr.api", "ecr.dkr")
# the network of each nat_mode
CHOSEN = {"none": "closed", "single": "single", "per_az": "per_az"}


@dataclass(frozen=True)
class Traffic:
    """GB a month."""

    nat: float = 0
    endpoints: float = 0
    free: float = 0


@dataclass(frozen=True)
class Network:
    key: str
    title: str
    nat_mode: str
    endpoints: int = 0
    ecr_endpoints: bool = False
    s3_gateway: bool = True

    def gateways(self, zones: int) -> int:
        return {"none": 0, "single": 1, "per_az": zones}[self.nat_mode]

    def traffic(self, work: Workload) -> Traffic:
        """Return what goes where.

        The layers of an image come from S3, through the gateway endpoint where there is one: neither
        ECR's interface endpoints nor NAT see them then. Without it all of them go through NAT.
        """
        closed = self.nat_mode == "none"
        ecr_apart = closed or self.ecr_endpoints
        return Traffic(
            nat=(0 if self.s3_gateway else work.s3_gb)
            + (0 if ecr_apart else work.ecr_gb)
            + (0 if closed else work.api_gb),
            endpoints=(work.ecr_gb if ecr_apart else 0) + (work.api_gb if closed else 0),
            free=work.s3_gb if self.s3_gateway else 0,
        )

    @property
    def terraform(self) -> str:
        """Return the variables that build it; the gateway endpoint is always built."""
        if not self.s3_gateway:
            return "not built by infra/, which always has the S3 gateway endpoint"
        if self.nat_mode == "none":
            return 'nat_mode = "none"'
        listed = ", ".join(f'"{name}"' for name in ECR) if self.ecr_endpoints else ""
        return f'nat_mode = "{self.nat_mode}", interface_endpoints = [{listed}]'


def networks(endpoints: int) -> list[Network]:
    """Return the choices, the one that infra/ builds by default first; ``endpoints`` are those of the closed one."""
    return [
        Network("closed", "endpoints, no NAT", "none", endpoints, ecr_endpoints=True),
        Network("single", "1 NAT + S3 gateway", "single"),
        Network("per_az", "NAT per zone + S3 gateway", "per_az"),
        Network("trap", "1 NAT, no S3 gateway", "single", s3_gateway=False),
        Network("ecr", "1 NAT + ecr + S3 gateway", "single", len(ECR), ecr_endpoints=True),
    ]
