"""Client tokens: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from infra.local.aws import idempotency
from infra.local.aws import launch as launches

HOUR_S = 3600


@pytest.fixture
def request_(cluster):
    """Make a request with a token; without changes it is the same each time."""
    definition = cluster.define()

    def make(*command, **changes):
        return cluster.request(*(command or ("sleep", "60")), definition=definition, **{"clientToken": "t", **changes})

    return make


def launch(cluster, request):
    return [task["taskArn"] for task in cluster.ecs.run_task(**request)["tasks"]]


def stop(cluster, arn):
    cluster.stop(arn)
    return cluster.until(arn, "STOPPED")["stoppedAt"].timestamp()


def clock(monkeypatch, now):
    monkeypatch.setattr(idempotency, "time", SimpleNamespace(time=lambda: now))


def test_the_same_request_is_one_launch(cluster, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    arns = launch(cluster, request_(count=3))
    assert len(set(arns)) == 3
    assert launch(cluster, request_(count=3)) == arns
    assert sorted(cluster.listed()) == sorted(arns)


def test_the_second_answer_is_as_full_as_the_first(cluster, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    request = request_(tags=[{"key": "a", "value": "b"}], startedBy="me")
    [first], [second] = (cluster.ecs.run_task(**request)["tasks"] for _ in range(2))
    changing = {"lastStatus", "version", "attachments", "containers", "connectivity", "connectivityAt"}
    times = {"createdAt", "pullStartedAt", "pullStoppedAt", "startedAt"}
    same = {name: value for name, value in first.items() if name not in changing | times}
    assert same.items() <= second.items()
    assert same["tags"] == [{"key": "a", "value": "b"}]


def test_without_a_token_each_request_is_a_launch(cluster, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    assert launch(cluster, request_(clientToken=None)) != launch(cluster, request_(clientToken=None))


def test_tokens_are_case_sensitive(cluster, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    assert launch(cluster, request_(clientToken="a")) != launch(cluster, request_(clientToken="A"))


def test_the_same_request_from_many_threads_is_one_launch(cluster, request_, monkeypatch):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    build = launches.build
    monkeypatch.setattr(launches, "build", lambda *given: time.sleep(0.1) or build(*given))
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda token: (token, *launch(cluster, request_(clientToken=token))), "abcd" * 12))
    assert len(answers) == 48
    assert len(set(answers)) == 4
    assert len(cluster.listed()) == 4


def test_of_a_stopped_task_only_its_end_is_told(cluster, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    [arn] = launch(cluster, request_())
    stop(cluster, arn)
    answer = cluster.ecs.run_task(**request_())
    assert answer["tasks"] == [{"taskArn": arn, "lastStatus": "STOPPED", "desiredStatus": "STOPPED"}]
    assert answer["failures"] == []


@pytest.mark.parametrize("change", [{"startedBy": "other"}, {"count": 2}, {"overrides": {}}])
def test_another_request_with_the_token_is_a_conflict(cluster, request_, change):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    arns = launch(cluster, request_())
    with pytest.raises(cluster.ecs.exceptions.ConflictException) as error:
        cluster.ecs.run_task(**request_(**change))
    assert error.value.response["resourceIds"] == arns
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert cluster.listed() == arns


def test_a_token_is_for_one_cluster(cluster, new_cluster, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    other = new_cluster()
    [there] = launch(other, request_(cluster=other.name))
    [here] = launch(cluster, request_())
    assert here != there
    assert launch(other, request_(cluster=other.name)) == [there]


def test_a_refused_request_leaves_its_token_free(cluster, pages, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    with pytest.raises(cluster.ecs.exceptions.InvalidParameterException):
        cluster.ecs.run_task(**request_(count=11))
    pages.inject(no_capacity=["FARGATE"])
    assert cluster.ecs.run_task(**request_())["tasks"] == []
    pages.inject()
    assert len(launch(cluster, request_())) == 1


def test_a_repeated_request_outlives_its_definition(cluster, request_):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    arns = launch(cluster, request_())
    cluster.ecs.deregister_task_definition(taskDefinition=request_()["taskDefinition"])
    assert launch(cluster, request_()) == arns


def test_a_token_lives_an_hour_longer_than_its_task(cluster, request_, monkeypatch):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    [arn] = launch(cluster, request_())
    stopped = stop(cluster, arn)
    clock(monkeypatch, stopped + HOUR_S - 10)
    assert launch(cluster, request_()) == [arn]
    clock(monkeypatch, stopped + HOUR_S + 10)
    assert launch(cluster, request_()) != [arn]


def test_a_token_lives_a_day_at_most(cluster, request_, monkeypatch):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    [arn] = launch(cluster, request_())
    created = cluster.describe(arn)["createdAt"].timestamp()
    clock(monkeypatch, created + 24 * HOUR_S - 10)
    assert launch(cluster, request_()) == [arn]
    clock(monkeypatch, created + 24 * HOUR_S + 10)
    assert launch(cluster, request_()) != [arn]
