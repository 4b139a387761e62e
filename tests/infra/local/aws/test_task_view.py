"""How a task looks in ECS's answers."""

import pytest

from tests.infra.local.aws.cluster import BOTH

SPOT = {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}


def test_a_new_task(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    pages.inject(provision_s=3600)
    request = cluster.request("true", startedBy="me", enableExecuteCommand=True)
    [task] = cluster.ecs.run_task(**request)["tasks"]
    prefix = "arn:aws:ecs:ap-northeast-2:123456789012"
    expected = {
        "clusterArn": f"{prefix}:cluster/{cluster.name}",
        "taskDefinitionArn": request["taskDefinition"],
        "availabilityZone": "ap-northeast-2a",
        "lastStatus": "PROVISIONING",
        "desiredStatus": "RUNNING",
        "cpu": "256",
        "memory": "512",
        "ephemeralStorage": {"sizeInGiB": 20},
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "group": f"family:{request['taskDefinition'].rpartition('/')[2].partition(':')[0]}",
        "startedBy": "me",
        "overrides": request["overrides"],
        "enableExecuteCommand": True,
        "version": 1,
        "tags": [],
    }
    assert {name: task.get(name) for name in expected} == expected
    assert task.keys() - expected.keys() == {"taskArn", "attachments", "containers", "createdAt"}
    assert task["taskArn"].startswith(f"{prefix}:task/{cluster.name}/")


def test_the_container_of_a_new_task(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html"""
    pages.inject(provision_s=3600)
    [container] = cluster.describe(cluster.run("true"))["containers"]
    container.pop("containerArn")
    task_arn = container.pop("taskArn")
    assert f":task/{cluster.name}/" in task_arn
    assert container == {"name": "main", "image": "local/test", "lastStatus": "PENDING", "cpu": "0"}


@pytest.mark.parametrize("request_part", [{}, SPOT])
def test_absent_values_are_left_out(cluster, pages, request_part):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    pages.inject(provision_s=3600)
    task = cluster.describe(cluster.run("true", **request_part))
    assert None not in task.values()
    assert not task.keys() & {"startedBy", "stopCode", "stoppedReason", "stoppedAt", "connectivity"}
    assert ("capacityProviderName" in task) == bool(request_part)


def test_statuses_never_go_back(cluster, pages, monkeypatch):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html"""
    monkeypatch.setattr("infra.local.aws.fargate.TICK_S", 0.1)  # slow enough to see each
    pages.inject(provision_s=0.3)
    arn, seen = cluster.run("sleep", "0.3"), []
    while not seen or seen[-1][0] != "STOPPED":
        task = cluster.describe(arn)
        look = (task["lastStatus"], task["containers"][0]["lastStatus"], task["attachments"][0]["status"])
        seen += [look] if look not in seen else []
    assert [container for _, container, _ in seen] == sorted(container for _, container, _ in seen)
    assert [look for look in seen if look[0] not in ("PENDING", "ACTIVATING")] == [
        ("PROVISIONING", "PENDING", "PRECREATED"),
        ("RUNNING", "RUNNING", "ATTACHED"),
        ("DEACTIVATING", "STOPPED", "ATTACHED"),
        ("STOPPING", "STOPPED", "ATTACHED"),
        ("DEPROVISIONING", "STOPPED", "ATTACHED"),
        ("STOPPED", "STOPPED", "DELETED"),
    ]


@BOTH
def test_the_version_counts_the_changes(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    assert cluster.stopped("true")["version"] == 8


@BOTH
def test_a_running_task_is_connected(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    arn = cluster.run("sleep", "0.5")
    task = cluster.until(arn, "RUNNING")
    assert task["connectivity"] == "CONNECTED"
    assert task["containers"][0]["runtimeId"].startswith(arn.rpartition("/")[2])
