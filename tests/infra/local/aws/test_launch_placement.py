"""Where RunTask places a task: providers, network and task definition."""

import pytest

SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
ON_DEMAND = [{"capacityProvider": "FARGATE", "weight": 1}]
ON_DEMAND_FIRST = [{"capacityProvider": "FARGATE", "base": 1}]


def awsvpc(network, **changes):
    return {"awsvpcConfiguration": network["awsvpcConfiguration"] | changes}


def test_a_launch_type_excludes_a_capacity_provider_strategy(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    code, message = cluster.refused("true", capacityProviderStrategy=SPOT)
    assert code == "InvalidParameterException"
    assert message.startswith("Specifying both a launch type and capacity provider strategy is not supported.")


@pytest.mark.parametrize("provider", ["FARGATE_SPOT", "no-such-provider"])
def test_a_capacity_provider_has_to_be_associated_with_the_cluster(cluster, provider):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"""
    cluster.ecs.put_cluster_capacity_providers(
        cluster=cluster.name, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
    )
    strategy = [{"capacityProvider": provider, "weight": 1}]
    code, message = cluster.refused("true", launchType=None, capacityProviderStrategy=strategy)
    assert code == "InvalidParameterException"
    assert "not associated with the cluster" in message


def test_some_capacity_provider_needs_a_weight(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"""
    strategy = [{"capacityProvider": "FARGATE", "weight": 0}, {"capacityProvider": "FARGATE_SPOT"}]
    code, message = cluster.refused("true", launchType=None, capacityProviderStrategy=strategy)
    assert code == "InvalidParameterException"
    assert "weight greater than 0" in message


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("request_part", "name", "provider"),
    [
        ({"launchType": "FARGATE"}, None, "FARGATE"),
        ({"launchType": None, "capacityProviderStrategy": ON_DEMAND}, "FARGATE", "FARGATE"),
        ({"launchType": None, "capacityProviderStrategy": SPOT}, "FARGATE_SPOT", "FARGATE_SPOT"),
        ({"launchType": None, "capacityProviderStrategy": SPOT + ON_DEMAND_FIRST}, "FARGATE", "FARGATE"),
    ],
)
def test_where_a_task_is_placed(cluster, pages, request_part, name, provider):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    arn = cluster.run("true", **request_part)
    task = cluster.describe(arn)
    assert (task.get("capacityProviderName"), task["launchType"]) == (name, "FARGATE")
    assert pages.task(arn)["provider"] == provider


@pytest.mark.usefixtures("idle")
def test_the_default_strategy_of_the_cluster_places_a_task(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    cluster.ecs.put_cluster_capacity_providers(
        cluster=cluster.name, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=SPOT
    )
    assert cluster.describe(cluster.run("true", launchType=None))["capacityProviderName"] == "FARGATE_SPOT"


@pytest.mark.parametrize("launch_type", [None, "EC2", "EXTERNAL"])
def test_there_are_no_instances_for_a_task(cluster, launch_type):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    code, message = cluster.refused("true", launchType=launch_type)
    assert (code, message) == ("InvalidParameterException", "No Container Instances were found in your cluster.")


def test_a_network_is_needed(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    code, message = cluster.refused("true", networkConfiguration=None)
    assert code == "InvalidParameterException"
    assert message == "Network Configuration must be provided when networkMode 'awsvpc' is specified."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subnets": ["subnet-0"]}, "Error retrieving subnet information for [subnet-0]"),
        ({"subnets": []}, "subnets can not be empty."),
        ({"securityGroups": ["sg-0"]}, "Error retrieving security group information for [sg-0]"),
    ],
)
def test_an_unknown_network(cluster, network, changes, said):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html"""
    code, message = cluster.refused("true", networkConfiguration=awsvpc(network, **changes))
    assert code == "InvalidParameterException"
    assert message.startswith(said)


@pytest.mark.usefixtures("idle")
def test_the_network_of_a_task(cluster, network):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    task = cluster.describe(cluster.run("true"))
    [subnet] = network["awsvpcConfiguration"]["subnets"]
    assert task["availabilityZone"] == "ap-northeast-2a"
    assert {"name": "subnetId", "value": subnet} in task["attachments"][0]["details"]


def test_an_inactive_definition_cannot_be_run(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-definition-state.html"""
    definition = cluster.define()
    cluster.ecs.deregister_task_definition(taskDefinition=definition)
    said = cluster.refused("true", definition=definition)
    assert said == ("InvalidParameterException", "TaskDefinition is inactive")
    assert cluster.refused("true", definition=definition.rpartition("/")[2].partition(":")[0])[0] == "ClientException"


@pytest.mark.parametrize("name", ["no-such-family", "no-such-family:1", "no-such-family:x"])
def test_an_unknown_definition_cannot_be_run(cluster, name):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    code, _ = cluster.refused("true", definition=name)
    assert code == "ClientException"


@pytest.mark.usefixtures("idle")
def test_a_family_stands_for_its_latest_active_revision(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    first, second, third = (cluster.define(family=cluster.name) for _ in range(3))
    assert cluster.describe(cluster.run("true", definition=cluster.name))["taskDefinitionArn"] == third
    cluster.ecs.deregister_task_definition(taskDefinition=third)
    assert cluster.describe(cluster.run("true", definition=cluster.name))["taskDefinitionArn"] == second
    assert cluster.describe(cluster.run("true", definition=first))["taskDefinitionArn"] == first


def test_a_definition_for_instances_cannot_be_run_on_fargate(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    code, message = cluster.refused(
        "true", definition=cluster.define(requiresCompatibilities=["EC2"], networkMode="bridge")
    )
    assert code == "InvalidParameterException"
    assert "does not support launch_type FARGATE" in message
