"""How a task looks from outside: in ECS's answers and in ``GET /_fargate/tasks``."""

from typing import Any

from infra.local.aws.task import FargateTask

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html
CONTAINER_STATUS = {
    "RUNNING": "RUNNING",
    "DEACTIVATING": "RUNNING",
    "STOPPING": "RUNNING",
    "DEPROVISIONING": "STOPPED",
    "STOPPED": "STOPPED",
}


def describe(task: FargateTask, *, tags: bool = False) -> dict[str, Any]:
    """Return the Task structure of the API, without the fields that have no value yet.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """
    launch = task.launch
    view = {
        "taskArn": task.arn,
        "clusterArn": launch.cluster_arn,
        "taskDefinitionArn": launch.definition.arn,
        "availabilityZone": launch.network["zone"],
        "lastStatus": task.status,
        "desiredStatus": task.desired_status,
        "cpu": str(launch.cpu),
        "memory": str(launch.memory),
        "ephemeralStorage": {"sizeInGiB": launch.disk},
        "launchType": "FARGATE",
        "capacityProviderName": None if launch.launch_type else launch.provider,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "group": launch.group,
        "startedBy": launch.started_by or None,
        "overrides": launch.overrides,
        "attachments": [_network_interface(task)],
        "connectivity": "CONNECTED" if "connectivityAt" in task.times else None,
        "enableExecuteCommand": launch.execute_command,
        "version": task.version,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
        "containers": [_container(task)],
        "tags": launch.tags if tags else None,
        **task.times,
    }
    return {key: value for key, value in view.items() if value is not None}


def _container(task: FargateTask) -> dict[str, Any]:
    status = CONTAINER_STATUS.get(task.status, "PENDING")
    view = {
        "containerArn": f"{task.arn.replace(':task/', ':container/')}/{task.id[:8]}",
        "taskArn": task.arn,
        "name": task.spec.name,
        "image": task.spec.image,
        "imageDigest": task.container.digest if task.container else None,
        "runtimeId": f"{task.id}-{task.id[:10]}" if task.container else None,
        "lastStatus": "STOPPED" if task.exit else status,
        "exitCode": task.exit.code if task.exit else None,
        "reason": task.container_reason,
        "cpu": "0",
        "memory": str(task.spec.memory) if task.spec.memory else None,
    }
    return {key: value for key, value in view.items() if value is not None}


def _network_interface(task: FargateTask) -> dict[str, Any]:
    up = {"PROVISIONING": "PRECREATED", "STOPPED": "DELETED"}.get(task.status, "ATTACHED")
    details = {"subnetId": task.launch.network["subnet"], "networkInterfaceId": f"eni-{task.id[:17]}"}
    return {
        "id": f"{task.id[:8]}-0000-4000-8000-{task.id[:12]}",
        "type": "ElasticNetworkInterface",
        "status": up,
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }


def audit(task: FargateTask) -> dict[str, Any]:
    """Return what ``GET /_fargate/tasks`` tells of a task.

    Times are Unix seconds, ``memory`` and ``peak_memory_mib`` MiB, ``disk`` GiB; the
    environment is given by name only, since values may be secret.
    """
    launch, measured = task.launch, task.container
    return {
        "id": task.id,
        "arn": task.arn,
        "definition": launch.definition.arn.rpartition("/")[2],
        "started_by": launch.started_by,
        "tags": {tag["key"]: tag["value"] for tag in launch.tags},
        "command": task.spec.command,
        "environment": sorted(task.spec.environment),
        "cpu": launch.cpu,
        "memory": launch.memory,
        "disk": launch.disk,
        "provider": launch.provider,
        "status": task.status,
        "history": [{"status": status, "at": at.timestamp()} for status, at in task.history],
        "pid": measured.pid if measured else None,
        "image_digest": measured.digest if measured else None,
        "exit_code": task.exit.code if task.exit else None,
        "stop_code": task.stop_code,
        "stopped_reason": task.stopped_reason,
        "container_reason": task.container_reason,
        "peak_memory_mib": round(measured.peak_bytes / 2**20, 1) if measured else None,
        "cpu_seconds": round(task.exit.cpu_seconds, 2) if task.exit else None,
    }
