"""Each quota, once with enough and once with too little."""

import json
from typing import Any

from scripts.preflights.finding import Finding
from scripts.preflights.quotas import Need, quotas
from tests.scripts.preflights.canned import REGION, CannedAccount, plan

LARGE = ("nat_mode=per_az", "host_count=2", "ui_access=public", 'ui_networks=["10.0.0.0/8", "192.168.0.0/16"]')
# quota code -> what the plan LARGE needs of it in an account with nothing but moto's default VPC
NEEDED = {
    "L-3032A538": ("Fargate on-demand vCPUs", 250),
    "L-36FBB829": ("Fargate Spot vCPUs", 250),
    "L-F678F1CE": ("VPCs", 2),
    "L-A4707A72": ("internet gateways", 1),
    "L-29B6F2EB": ("interface endpoints in a VPC", 11),
    "L-1B52E74A": ("gateway endpoints", 1),
    "L-0EA8095F": ("rules of a security group", 7),
    "L-DF5E4CA3": ("network interfaces", 1000 + 22 + 40),
    "L-0263D0A3": ("elastic IPs", 2),
    "L-FE5A380F": (f"NAT gateways in {REGION}a", 1),
    "L-1216C47A": ("EC2 vCPUs", 4),
    "L-7B6409FD": ("databases", 1),
    "L-53DA6B97": ("application load balancers", 2),
}


class Quotas(CannedAccount):
    """An account that has plenty of everything, but for what is given by the quota's code."""

    def __init__(self, values: dict[str, float] | None = None) -> None:
        super().__init__()
        self._values = values or {}

    def _note(self, model: Any, params: Any = None, **rest: Any) -> Any:
        if model.name == "GetServiceQuota":
            code = json.loads(params["body"])["QuotaCode"]
            self.answer("GetServiceQuota", Quota={"Value": float(self._values.get(code, 100_000))})
        return super()._note(model, **rest)


def findings(account: CannedAccount, *single: str) -> dict[str, Finding]:
    return {each.what.partition(":")[0]: each for each in quotas(plan(*single), account)}


def test_plenty(account: CannedAccount) -> None:
    found = findings(Quotas(), *LARGE)
    assert {str(each.level) for each in found.values()} == {"ok"}
    assert set(found) == {title for title, _ in NEEDED.values()} | {f"NAT gateways in {REGION}b"}
    assert found["VPCs"].what == "VPCs: 100000, 1 of it in use, 1 more needed"


def test_just_enough(account: CannedAccount) -> None:
    found = findings(Quotas({code: needed for code, (_, needed) in NEEDED.items()}), *LARGE)
    assert {str(each.level) for each in found.values()} == {"ok"}


def test_one_too_few_of_each(account: CannedAccount) -> None:
    found = findings(Quotas({code: needed - 1 for code, (_, needed) in NEEDED.items()}), *LARGE)
    for code, (title, needed) in NEEDED.items():
        each = found[title]
        assert each.level == ("warning" if title.startswith("Fargate") else "stop"), title
        assert each.todo.startswith(f"ask AWS for {needed}: aws service-quotas request-service-quota-increase ")
        assert f"--region {REGION} " in each.todo
        assert f"--quota-code {code} --desired-value {needed}" in each.todo


def test_the_fargate_quota_of_a_new_account(account: CannedAccount) -> None:
    found = findings(Quotas({"L-3032A538": 6}))["Fargate on-demand vCPUs"]
    assert (str(found.level), found.what) == (
        "warning",
        "Fargate on-demand vCPUs: 6, 250 more needed: tasks will wait for each other",
    )
    assert found.todo.endswith("or lower task_parallelism, and FARGATE_LANE_PARALLELISM in docker/airflow.env with it")


def test_not_even_one_task(account: CannedAccount) -> None:
    assert findings(Quotas({"L-3032A538": 0}))["Fargate on-demand vCPUs"].level == "stop"


def test_what_is_in_use_counts(account: CannedAccount, made: Any) -> None:
    ec2 = made("ec2")
    images = ec2.describe_images(Owners=["amazon"])["Images"]
    ec2.run_instances(ImageId=images[0]["ImageId"], InstanceType="m5.xlarge", MinCount=2, MaxCount=2)
    ec2.run_instances(
        ImageId=images[0]["ImageId"], InstanceType="p3.2xlarge", MinCount=1, MaxCount=1
    )  # of another quota
    ec2.allocate_address(Domain="vpc")
    subnet = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [f"{REGION}b"]}])["Subnets"][0]
    ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], AllocationId=ec2.allocate_address()["AllocationId"])
    found = findings(Quotas(), *LARGE)
    assert found["EC2 vCPUs"].what == "EC2 vCPUs: 100000, 8 of it in use, 4 more needed"
    assert found["elastic IPs"].what == "elastic IPs: 100000, 2 of it in use, 2 more needed"
    assert found[f"NAT gateways in {REGION}a"].what == f"NAT gateways in {REGION}a: 100000, 1 more needed"
    assert (
        found[f"NAT gateways in {REGION}b"].what == f"NAT gateways in {REGION}b: 100000, 1 of it in use, 1 more needed"
    )


def test_a_closed_network_with_one_host_asks_for_no_addresses_and_load_balancers(account: CannedAccount) -> None:
    asked = Quotas()
    found = findings(asked)
    assert not {title for title in found if "NAT" in title or "elastic" in title or "balancer" in title}
    assert "DescribeAddresses" not in asked.asked


def test_the_default_where_the_account_has_none_of_its_own(account: CannedAccount) -> None:
    account.refuse("GetServiceQuota", "NoSuchResourceException", 400)
    account.answer("GetAWSDefaultServiceQuota", Quota={"Value": 5.0})
    assert findings(account)["VPCs"].what == "VPCs: 5, 1 of it in use, 1 more needed"


def test_a_quota_that_may_not_be_read(account: CannedAccount) -> None:
    account.refuse("GetServiceQuota")
    found = next(each for each in quotas(plan(), account))
    assert found.level == "warning"
    assert found.what.startswith("Fargate on-demand vCPUs is not known: An error occurred (AccessDeniedException)")
    assert found.todo == ("allow servicequotas:GetServiceQuota, or look for L-3032A538 in the console: 250 or more")


def test_moto_s_own_quotas_of_a_vpc_are_enough(account: CannedAccount) -> None:
    account.answer("GetAWSDefaultServiceQuota", Quota={"Value": 300.0})
    assert {str(each.level) for each in quotas(plan(), account) if "vpc" in each.todo or "VPC" in each.what} == {"ok"}


def test_half_a_vcpu_is_asked_for_as_a_whole_one() -> None:
    assert Need("fargate", "L-1", "x", 0, 0.25).ask("r").startswith("ask AWS for 1: ")
