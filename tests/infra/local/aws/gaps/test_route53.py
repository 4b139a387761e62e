from typing import Any

from tests.infra.local.aws.gaps.network import new_name, new_vpc

REGION = "ap-northeast-2"


def zone(client: Any, **config: Any) -> Any:
    vpc = new_vpc(client("ec2"))
    made = client("route53").create_hosted_zone(
        Name=f"{new_name()}.example.com",
        CallerReference=new_name(),
        VPC={"VPCRegion": REGION, "VPCId": vpc},
        **config,
    )
    told = client("route53").get_hosted_zone(Id=made["HostedZone"]["Id"])
    of_vpc = [(entry["VPCRegion"], entry["VPCId"] == vpc) for entry in told.get("VPCs", [])]
    return told["HostedZone"]["Config"]["PrivateZone"], of_vpc


def test_a_zone_for_a_vpc_is_private(gap: Any) -> None:
    gap(zone, (True, [(REGION, True)]))


def test_a_zone_that_says_so_itself_names_its_vpc_once(closed: Any) -> None:
    assert zone(closed, HostedZoneConfig={"PrivateZone": True}) == (True, [(REGION, True)])


def test_a_zone_without_a_vpc_is_public(closed: Any) -> None:
    made = closed("route53").create_hosted_zone(Name="public.example.com", CallerReference=new_name())
    assert made["HostedZone"]["Config"]["PrivateZone"] is False
