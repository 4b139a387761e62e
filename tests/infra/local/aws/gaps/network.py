"""What several probes need of EC2."""

import itertools
from typing import Any

NUMBERS = itertools.count()


def new_name() -> str:
    return f"probe-{next(NUMBERS)}"


def new_vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def new_group(ec2: Any, vpc: str) -> str:
    return str(ec2.create_security_group(GroupName=new_name(), Description="a probe", VpcId=vpc)["GroupId"])


def new_subnet(ec2: Any, vpc: str, zone: str) -> str:
    block = f"10.0.{next(NUMBERS) % 256}.0/24"
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"])
