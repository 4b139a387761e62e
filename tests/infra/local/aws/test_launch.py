"""What RunTask accepts and what it refuses."""

import json

import pytest


def overrides(length):
    """Return overrides whose JSON has this many characters."""
    container = {"name": "main", "command": ["true", ""]}
    made = {"containerOverrides": [container]}
    container["command"][1] = "x" * (length - len(json.dumps(made, separators=(",", ":"))))
    assert len(json.dumps(made, separators=(",", ":"))) == length
    return made


@pytest.mark.usefixtures("idle")
def test_overrides_of_8192_characters_are_legal(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    made = overrides(8192)
    assert cluster.describe(cluster.run(overrides=made))["overrides"] == made


def test_overrides_of_8193_characters_are_not(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    message = "Container Overrides length must be at most 8192"
    assert cluster.refused(overrides=overrides(8193)) == ("InvalidParameterException", message)


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("count", [1, 2, 10])
def test_up_to_ten_tasks_a_call(cluster, count):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    assert len(set(cluster.run_all("true", count=count))) == count
    assert len(cluster.listed()) == count


@pytest.mark.parametrize("count", [-1, 0, 11])
def test_no_other_number_of_tasks(cluster, count):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    code, message = cluster.refused("true", count=count)
    assert (code, message) == ("InvalidParameterException", f"count must be between 1 and 10, not {count}.")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("started_by", ["a", "scheduled__2024-01-01/x_Y-9", "x" * 128])
def test_legal_started_by(cluster, started_by):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    assert cluster.describe(cluster.run("true", startedBy=started_by))["startedBy"] == started_by


@pytest.mark.parametrize("started_by", ["x" * 129, "a b", "a+b", "a:b", "a.b", "é", "a\n"])
def test_illegal_started_by(cluster, started_by):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    code, message = cluster.refused("true", startedBy=started_by)
    assert code == "InvalidParameterException"
    assert message.startswith("startedBy: up to 128 letters")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("token", ["!", "~", "x" * 64, 'a"b\\c+d:e'])
def test_legal_client_tokens(cluster, token):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    definition = cluster.define()
    first = cluster.run("true", definition=definition, clientToken=token)
    assert cluster.run("true", definition=definition, clientToken=token) == first


@pytest.mark.parametrize("token", ["x" * 65, "a b", "a\tb", "é", "\x7f"])
def test_illegal_client_tokens(cluster, token):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    code, message = cluster.refused("true", clientToken=token)
    assert code == "InvalidParameterException"
    assert message.startswith("clientToken: up to 64 characters")


def test_an_override_for_an_unknown_container(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    code, message = cluster.refused(overrides={"containerOverrides": [{"name": "other", "command": ["true"]}]})
    assert code == "InvalidParameterException"
    assert message == "Override for container named other is not a container in the TaskDefinition."


def test_an_override_without_a_name(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    code, message = cluster.refused(overrides={"containerOverrides": [{"command": ["true"]}]})
    assert (code, message) == (
        "InvalidParameterException",
        "Container name must be specified in container overrides.",
    )


def test_an_empty_override_is_legal(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html"""
    definition = cluster.define(container={"command": ["sh", "-c", "exit 5"]})
    task = cluster.stopped(definition=definition, overrides={"containerOverrides": []})
    assert task["containers"][0]["exitCode"] == 5


def test_an_unknown_cluster(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    said = cluster.refused("true", cluster="no-such-cluster")
    assert said == ("ClusterNotFoundException", "Cluster not found.")
