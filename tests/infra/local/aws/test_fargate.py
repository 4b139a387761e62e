"""Fargate's quotas, how long it remembers, and that tasks do not wait for each other."""

import time
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

# moto warns that the API reference does not list this error of all calls with each call
pytestmark = pytest.mark.filterwarnings("ignore:Exception.ThrottlingException. with code:UserWarning")
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
ON_DEMAND = {"launchType": "FARGATE"}
ON_SPOT = {"launchType": None, "capacityProviderStrategy": SPOT}


@pytest.fixture
def launches(cluster, pages):
    """Send RunTask calls of some tasks each; return how many were taken and what refused the others."""
    definition = cluster.define()

    def send(calls, *, count=1, **changes):
        taken, errors = 0, set()
        for _ in range(calls):
            try:
                taken += len(cluster.run_all("true", count=count, definition=definition, **changes))
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                errors.add((status, error.response["Error"]["Code"], error.response["Error"]["Message"]))
        return taken, errors

    return send


def quotas(pages, *, quota=None, call_quota=None):
    """Put quotas in force, with full buckets."""
    pages.inject(quota=quota, call_quota=call_quota, provision_s=3600)


REFUSED = {(400, "ThrottlingException", "Rate exceeded")}


def test_a_hundred_launches_at_once(launches, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    quotas(pages, quota={"burst": 100, "rate": 0.001})
    assert launches(12, count=10) == (100, REFUSED)


def test_spot_has_a_quota_of_its_own(launches, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    quotas(pages, quota={"burst": 30, "rate": 0.001})
    assert launches(5, count=10, **ON_SPOT) == (30, REFUSED)
    assert launches(5, count=10, **ON_DEMAND) == (30, REFUSED)
    assert launches(1, **ON_SPOT) == (0, REFUSED)


def test_twenty_calls_at_once(launches, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    quotas(pages, call_quota={"burst": 20, "rate": 0.001})
    assert launches(30) == (20, REFUSED)


def test_both_providers_share_the_quota_of_calls(launches, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    quotas(pages, call_quota={"burst": 20, "rate": 0.001})
    assert launches(12, **ON_SPOT) == (12, set())
    assert launches(12, **ON_DEMAND) == (8, REFUSED)


def test_a_call_that_is_refused_launches_nothing(cluster, launches, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    quotas(pages, quota={"burst": 15, "rate": 0.001})
    assert launches(2, count=10) == (10, REFUSED)
    assert launches(6) == (5, REFUSED)
    assert len(cluster.listed()) == 15


@pytest.mark.parametrize("name", ["quota", "call_quota"])
def test_the_sustained_rate(launches, pages, name):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    begun = time.monotonic()
    quotas(pages, **{name: {"burst": 10, "rate": 20}})
    taken = 0
    while (took := time.monotonic() - begun) < 1:
        taken += launches(1)[0]
    assert 0.7 <= (taken - 10) / (took * 20) <= 1.1


def test_without_quotas_all_is_taken(launches, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    quotas(pages)
    assert launches(13, count=10) == (130, set())
    assert launches(40) == (40, set())


def test_the_quotas_of_aws_are_in_force_by_default(pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    _, faults = pages.ask("faults", "PUT", {})
    assert faults["quota"] == {"burst": 100, "rate": 20}
    assert faults["call_quota"] == {"burst": 20, "rate": 20}


def test_a_stopped_task_is_forgotten_after_an_hour(cluster, server):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
    arn = cluster.stopped("true")["taskArn"]
    times = server.fargate.tasks[arn[-32:]].times
    times["stoppedAt"] -= timedelta(minutes=59)
    assert cluster.describe(arn)["lastStatus"] == "STOPPED"
    assert cluster.listed(desiredStatus="STOPPED") == [arn]
    times["stoppedAt"] -= timedelta(minutes=2)
    failures = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[arn])["failures"]
    assert failures == [{"arn": arn, "reason": "MISSING"}]
    assert cluster.listed(desiredStatus="STOPPED") == []


def test_tasks_run_side_by_side(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    arns = cluster.run_all("sleep", "1", count=10)
    ended = [cluster.until(arn, "STOPPED") for arn in arns]
    assert max(task["startedAt"] for task in ended) < min(task["executionStoppedAt"] for task in ended)
