"""Auto Scaling: settings that moto forgets, and instance refreshes.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
A refresh stays pending: no instance here has a content to renew.
"""

import uuid
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

FORGOTTEN = {
    "DefaultInstanceWarmup": "default_instance_warmup",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
}
CHANGED_TOO = {
    "DefaultCooldown": "default_cooldown",
    "TerminationPolicies": "termination_policies",
}


def close() -> None:
    for name, kept in (
        ("create_auto_scaling_group", FORGOTTEN),
        ("update_auto_scaling_group", FORGOTTEN | CHANGED_TOO),
    ):
        setattr(AutoScalingResponse, name, _keeping(getattr(AutoScalingResponse, name), kept))
    AutoScalingResponse.start_instance_refresh = _start
    AutoScalingResponse.describe_instance_refreshes = _describe


def _keeping(call: Any, kept: dict[str, str]) -> Any:
    """Make ``call`` keep these parameters as the group's attributes, where describing finds them."""

    def method(response: AutoScalingResponse) -> Any:
        answer = call(response)
        for parameter, attribute in kept.items():
            value = response._get_param(parameter)
            if value is not None:
                setattr(_group(response), attribute, value)
        return answer

    return method


def _start(response: AutoScalingResponse) -> ActionResult:
    group = _group(response)
    refresh = {"InstanceRefreshId": str(uuid.uuid4()), "AutoScalingGroupName": group.name, "Status": "Pending"}
    group.refreshes = [refresh, *getattr(group, "refreshes", [])]
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def _describe(response: AutoScalingResponse) -> ActionResult:
    return ActionResult({"InstanceRefreshes": getattr(_group(response), "refreshes", [])})


def _group(response: AutoScalingResponse) -> Any:
    return response.autoscaling_backend.autoscaling_groups[response._get_param("AutoScalingGroupName")]
