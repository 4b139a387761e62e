from typing import Any

from tests.infra.local.aws.gaps.network import new_subnet, new_vpc


def left_of(client: Any, **interface: Any) -> int:
    """Run and terminate an instance; return how many interfaces are left of it."""
    ec2 = client("ec2")
    vpc = new_vpc(ec2)
    subnet = new_subnet(ec2, vpc, "ap-northeast-2a")
    where = {"SubnetId": subnet}
    run: dict[str, Any] = {"NetworkInterfaces": [{"DeviceIndex": 0, **where, **interface}]} if interface else where
    instance = ec2.run_instances(ImageId="ami-00000000", MinCount=1, MaxCount=1, **run)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance])
    found = ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return len(found["NetworkInterfaces"])


def test_an_interface_that_was_made_for_an_instance_goes_with_it(gap: Any) -> None:
    gap(left_of, 0)


def test_an_interface_that_is_to_stay_stays(closed: Any) -> None:
    assert left_of(closed, DeleteOnTermination=False) == 1


def test_an_interface_that_was_there_before_stays(closed: Any) -> None:
    ec2 = closed("ec2")
    subnet = new_subnet(ec2, new_vpc(ec2), "ap-northeast-2a")
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    attached = [{"DeviceIndex": 0, "NetworkInterfaceId": interface}]
    made = ec2.run_instances(ImageId="ami-00000000", MinCount=1, MaxCount=1, NetworkInterfaces=attached)
    ec2.terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])
    assert len(ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]) == 1
