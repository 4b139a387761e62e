"""The tags of a task."""

import pytest


def test_tags_are_answered_when_they_are_asked_for(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
    pages.inject(provision_s=3600)
    tags = [{"key": "dag_id", "value": "flights"}, {"key": "empty", "value": ""}]
    arn = cluster.run("true", tags=tags)
    assert cluster.describe(arn, include=["TAGS"])["tags"] == tags
    assert "tags" not in cluster.describe(arn)
    assert pages.task(arn)["tags"] == {"dag_id": "flights", "empty": ""}


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("propagate", "expected"),
    [
        ({}, {"own": "task"}),
        ({"propagateTags": "NONE"}, {"own": "task"}),
        ({"propagateTags": "TASK_DEFINITION"}, {"team": "data", "own": "task"}),
    ],
)
def test_tags_of_the_definition_are_propagated_on_demand(cluster, propagate, expected):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    tags = [{"key": "team", "value": "data"}, {"key": "own", "value": "definition"}]
    arn = cluster.run("true", definition=cluster.define(tags=tags), tags=[{"key": "own", "value": "task"}], **propagate)
    assert {tag["key"]: tag["value"] for tag in cluster.describe(arn, include=["TAGS"])["tags"]} == expected


@pytest.mark.usefixtures("idle")
def test_legal_tags(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html"""
    tags = [{"key": f"k{number}".ljust(128, "x"), "value": "v" * 256} for number in range(50)]
    assert cluster.describe(cluster.run("true", tags=tags), include=["TAGS"])["tags"] == tags


@pytest.mark.parametrize(
    "tags",
    [
        [{"key": f"k{number}", "value": "v"} for number in range(51)],
        [{"key": "k" * 129, "value": "v"}],
        [{"key": "k", "value": "v" * 257}],
        [{"key": "k", "value": "a,b"}],
        [{"key": "k?", "value": "v"}],
        [{"key": "aws:k", "value": "v"}],
        [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}],
    ],
)
def test_illegal_tags(cluster, tags):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html"""
    assert cluster.refused("true", tags=tags)[0] == "InvalidParameterException"


def test_there_is_no_service_to_propagate_tags_from(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    assert cluster.refused("true", propagateTags="SERVICE")[0] == "InvalidParameterException"
