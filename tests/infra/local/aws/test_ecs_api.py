"""DescribeTasks, ListTasks, StopTask, RegisterTaskDefinition, and what they refuse."""

import uuid

import pytest

from tests.infra.local.aws.cluster import refusal

AWSLOGS = {"awslogs-group": "/tests", "awslogs-region": "ap-northeast-2", "awslogs-stream-prefix": "worker"}
ROLE = "arn:aws:iam::123456789012:role/execution"


@pytest.mark.usefixtures("idle")
def test_tasks_are_described_by_arn_or_id(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
    first, second = cluster.run_all("true", count=2)
    answer = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[second.rpartition("/")[2], first])
    assert [task["taskArn"] for task in answer["tasks"]] == [second, first]
    assert answer["failures"] == []
    [cluster_arn] = {task["clusterArn"] for task in answer["tasks"]}
    by_arn = cluster.ecs.describe_tasks(cluster=cluster_arn, tasks=[first])
    assert [task["taskArn"] for task in by_arn["tasks"]] == [first]


def test_up_to_a_hundred_tasks_are_described(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
    names = [uuid.uuid4().hex for _ in range(101)]
    assert len(cluster.ecs.describe_tasks(cluster=cluster.name, tasks=names[:100])["failures"]) == 100
    code, message = refusal(cluster.ecs.describe_tasks, cluster=cluster.name, tasks=names)
    assert (code, message) == ("InvalidParameterException", "Tasks cannot have more than 100 elements.")
    code, message = refusal(cluster.ecs.describe_tasks, cluster=cluster.name, tasks=[])
    assert (code, message) == ("InvalidParameterException", "Tasks cannot be empty.")


@pytest.mark.usefixtures("idle")
def test_a_task_that_is_not_there_is_missing(cluster, new_cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"""
    there, elsewhere, nowhere = cluster.run("true"), new_cluster().run("true"), uuid.uuid4().hex
    answer = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[nowhere, there, elsewhere])
    assert [task["taskArn"] for task in answer["tasks"]] == [there]
    arn = f"{there.rpartition('/')[0]}/{nowhere}"
    assert answer["failures"] == [{"arn": arn, "reason": "MISSING"}, {"arn": elsewhere, "reason": "MISSING"}]


@pytest.mark.parametrize("call", ["describe_tasks", "list_tasks", "stop_task"])
def test_an_unknown_cluster(ecs, call):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html"""
    request = {"describe_tasks": {"tasks": ["x"]}, "stop_task": {"task": "x"}}.get(call, {})
    said = refusal(getattr(ecs, call), cluster="no-such-cluster", **request)
    assert said == ("ClusterNotFoundException", "Cluster not found.")


def test_tasks_are_listed_by_desired_status(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html"""
    pages.inject(provision_s=3600)
    running, stopped = cluster.run("true"), cluster.run("true")
    cluster.stop(stopped)
    assert cluster.listed() == cluster.listed(desiredStatus="RUNNING") == [running]
    assert cluster.listed(desiredStatus="STOPPED") == [stopped]
    assert cluster.listed(desiredStatus="PENDING") == []


@pytest.mark.usefixtures("idle")
def test_tasks_are_listed_by_who_started_them(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html"""
    mine, _ = cluster.run("true", startedBy="me"), cluster.run("true", startedBy="you")
    assert cluster.listed(startedBy="me") == cluster.listed(startedBy="me", desiredStatus="RUNNING") == [mine]
    assert cluster.listed(startedBy="nobody") == []
    code, message = refusal(cluster.ecs.list_tasks, cluster=cluster.name, startedBy="me", family="any")
    assert (code, message) == ("InvalidParameterException", "startedBy must be the only filter that is used.")


@pytest.mark.usefixtures("idle")
def test_tasks_are_listed_by_family_launch_type_and_cluster(cluster, new_cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html"""
    ours, other = cluster.define(family=f"{cluster.name}-ours"), cluster.define(family=f"{cluster.name}-other")
    first, second = cluster.run("true", definition=ours), cluster.run("true", definition=other)
    new_cluster().run("true", definition=ours)
    assert cluster.listed(family=f"{cluster.name}-ours") == [first]
    assert cluster.listed(launchType="FARGATE") == [first, second]
    assert cluster.listed(launchType="EC2") == []


@pytest.mark.usefixtures("idle")
def test_a_long_list_comes_in_pages(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html"""
    definition = cluster.define()
    arns = [arn for _ in range(11) for arn in cluster.run_all("true", definition=definition, count=10)]
    assert cluster.listed() == arns[:100]
    pages = cluster.ecs.get_paginator("list_tasks").paginate(cluster=cluster.name, maxResults=40)
    assert [page["taskArns"] for page in pages] == [arns[:40], arns[40:80], arns[80:]]


@pytest.mark.usefixtures("idle")
def test_no_task_is_skipped_when_others_end_between_pages(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html"""
    arns = cluster.run_all("true", count=6)
    first = cluster.ecs.list_tasks(cluster=cluster.name, maxResults=3)
    for arn in arns[1:3]:
        cluster.stop(arn)
    second = cluster.ecs.list_tasks(cluster=cluster.name, maxResults=3, nextToken=first["nextToken"])
    assert first["taskArns"] + second["taskArns"] == arns
    assert "nextToken" not in second


@pytest.mark.parametrize("request_part", [{"maxResults": 0}, {"maxResults": 101}, {"nextToken": "no-such-token"}])
def test_pages_that_do_not_exist(cluster, request_part):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html"""
    assert refusal(cluster.ecs.list_tasks, cluster=cluster.name, **request_part)[0] == "InvalidParameterException"


@pytest.mark.usefixtures("idle")
def test_an_unknown_task_cannot_be_stopped(cluster, new_cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    said = ("InvalidParameterException", "The referenced task was not found.")
    elsewhere = new_cluster().run("true")
    for task in (uuid.uuid4().hex, elsewhere):
        assert refusal(cluster.ecs.stop_task, cluster=cluster.name, task=task) == said


@pytest.mark.parametrize("seconds", [2, 120])
def test_legal_stop_timeouts(cluster, seconds):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
    arn = cluster.define(container={"stopTimeout": seconds})
    definition = cluster.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    assert definition["containerDefinitions"][0]["stopTimeout"] == seconds


@pytest.mark.parametrize("seconds", [0, 1, 121])
def test_illegal_stop_timeouts(cluster, seconds):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
    code, message = refusal(cluster.define, container={"stopTimeout": seconds})
    assert code == "ClientException"
    assert "from 2 to 120 seconds" in message


@pytest.mark.parametrize("mode", ["bridge", "host", "none"])
def test_a_definition_for_fargate_has_an_interface_of_its_own(cluster, mode):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
    said = ("ClientException", "Fargate only supports network mode 'awsvpc'.")
    assert refusal(cluster.define, networkMode=mode) == said


def test_the_log_driver_needs_an_execution_role(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    code, message = refusal(
        cluster.define, container={"logConfiguration": {"logDriver": "awslogs", "options": AWSLOGS}}
    )
    assert code == "ClientException"
    assert "execution role ARN to support log driver awslogs" in message


@pytest.mark.parametrize("missing", AWSLOGS)
def test_the_log_driver_needs_its_options(cluster, missing):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    options = {name: value for name, value in AWSLOGS.items() if name != missing}
    logs = {"logDriver": "awslogs", "options": options}
    code, message = refusal(cluster.define, executionRoleArn=ROLE, container={"logConfiguration": logs})
    assert (code, message) == ("ClientException", f"Log driver awslogs requires options: {missing}")
