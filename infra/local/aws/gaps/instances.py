"""Instances: a network interface that was made for one goes with it, unless that is declined.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterfaceSpecification.html
"""

from typing import Any

from moto.ec2.models.instances import Instance


def close() -> None:
    prepare = Instance.prep_nics

    def prep_nics(instance: Instance, nic_spec: list[dict[str, Any]], *args: Any, **kwargs: Any) -> None:
        prepare(instance, nic_spec, *args, **kwargs)
        stay = {int(nic["DeviceIndex"]) for nic in nic_spec if _stays(nic)}
        for index, nic in instance.nics.items():
            nic.delete_on_termination = index not in stay

    Instance.prep_nics = prep_nics


def _stays(nic: dict[str, Any]) -> bool:
    """Tell whether an interface was there before, or is to be there afterwards."""
    return "NetworkInterfaceId" in nic or nic.get("DeleteOnTermination") is False
