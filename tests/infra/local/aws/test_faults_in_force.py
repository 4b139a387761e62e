"""That each fault does what it says."""

import time
from types import SimpleNamespace

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

# moto warns that the API reference does not list this error of all calls with each call
pytestmark = pytest.mark.filterwarnings("ignore:Exception.ThrottlingException. with code:UserWarning")
SPOT = {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}


@pytest.fixture
def chance(monkeypatch):
    """Let every random number be this one."""

    def fix(number):
        for module in ("ecs_api", "task"):
            monkeypatch.setattr(f"infra.local.aws.{module}.random", SimpleNamespace(random=lambda: number))

    return fix


def outcome(call, **request):
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "taken"


def test_run_task_latency(cluster, pages):
    pages.inject(run_task_latency_ms=300, provision_s=3600)
    begun = time.monotonic()
    arn = cluster.run("true")
    assert time.monotonic() - begun >= 0.3
    begun = time.monotonic()
    cluster.describe(arn)
    assert time.monotonic() - begun < 0.3


@pytest.mark.parametrize(
    ("share", "drawn", "expected"),
    [
        (0, 0.0, "taken"),
        (0.4, 0.39, "ThrottlingException"),
        (0.4, 0.41, "taken"),
        (1, 0.99, "ThrottlingException"),
    ],
)
class TestThrottling:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"""

    def test_of_run_task(self, cluster, pages, chance, share, drawn, expected):
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"""
        pages.inject(throttle=share, provision_s=3600)
        chance(drawn)
        assert outcome(cluster.ecs.run_task, **cluster.request("true")) == expected
        assert len(cluster.listed()) == (expected == "taken")

    def test_of_describe_tasks(self, cluster, pages, chance, share, drawn, expected):
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"""
        pages.inject(throttle_describe=share)
        chance(drawn)
        assert outcome(cluster.ecs.describe_tasks, cluster=cluster.name, tasks=["x"]) == expected


def test_timeout_after_accept(cluster, pages, client):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html"""
    pages.inject(timeout_after_accept=1, provision_s=3600)
    impatient = client("ecs", config=Config(read_timeout=0.5, retries={"max_attempts": 0}))
    request = cluster.request("true", clientToken=cluster.name)
    with pytest.raises(ReadTimeoutError):
        impatient.run_task(**request)
    [arn] = cluster.listed()
    [call] = pages.seen(action="RunTask", clientToken=cluster.name)
    assert (call["started"], call["answered"], call["error"]) == ([arn.rpartition("/")[2]], None, None)
    # the second try learns of the task that the first one started
    assert [task["taskArn"] for task in impatient.run_task(**request)["tasks"]] == [arn]


def test_no_capacity(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"""
    pages.inject(no_capacity=["FARGATE_SPOT"], provision_s=3600)
    answer = cluster.ecs.run_task(**cluster.request("true", **SPOT))
    [failure] = answer["failures"]
    assert answer["tasks"] == []
    assert failure["reason"].startswith("Capacity is unavailable at this time.")
    arn = cluster.run("true")
    assert cluster.listed() == [arn]


def test_vcpus(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""
    active = [task for task in pages.get("tasks") if task["status"] != "STOPPED" and task["provider"] == "FARGATE"]
    pages.inject(vcpus=sum(task["cpu"] for task in active) / 1024 + 0.5, provision_s=3600)
    half = {"cpu": "256", "memory": "512"}
    arns = [cluster.run("true", overrides=half) for _ in range(2)]
    with pytest.raises(ClientError, match=r"ClientException.*reached the limit on the number of vCPUs"):
        cluster.run("true", overrides=half)
    assert cluster.run("true", overrides=half, **SPOT), "Spot has a quota of its own"
    cluster.ecs.stop_task(cluster=cluster.name, task=arns[0])
    cluster.until(arns[0], "STOPPED")
    assert cluster.run("true", overrides=half)


def test_interrupt_spot_after(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html"""
    pages.inject(interrupt_spot_after_s=0.4)
    spot, on_demand = cluster.run("sleep", "60", **SPOT), cluster.run("sleep", "1.5")
    interrupted, done = cluster.until(spot, "STOPPED"), cluster.until(on_demand, "STOPPED")
    assert interrupted["stopCode"] == "SpotInterruption"
    assert (interrupted["stoppingAt"] - interrupted["startedAt"]).total_seconds() >= 0.4
    assert (done["stopCode"], done["containers"][0]["exitCode"]) == ("EssentialContainerExited", 0)


def test_kill_after(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""
    pages.inject(kill_after_s=0.4)
    killed, done = cluster.run("sleep", "60"), cluster.run("true")
    task = cluster.until(killed, "STOPPED")
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 137)
    assert "reason" not in task["containers"][0]
    assert (task["executionStoppedAt"] - task["startedAt"]).total_seconds() >= 0.4
    assert cluster.until(done, "STOPPED")["containers"][0]["exitCode"] == 0


@pytest.mark.parametrize(("drawn", "code"), [(0.69, "TaskFailedToStart"), (0.71, "EssentialContainerExited")])
def test_fail_pull(cluster, pages, chance, drawn, code):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"""
    pages.inject(fail_pull=0.7)
    chance(drawn)
    assert cluster.stopped("true")["stopCode"] == code


def test_provision(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"""
    waited = {}
    for seconds in (0, 0.6):
        pages.inject(provision_s=seconds)
        task = cluster.stopped("true")
        waited[seconds] = (task["pullStartedAt"] - task["createdAt"]).total_seconds()
    assert waited[0] < 0.6 <= waited[0.6]


def test_a_task_keeps_the_faults_under_which_it_was_launched(cluster, pages):
    pages.inject(kill_after_s=0.3)
    doomed = cluster.run("sleep", "60")
    pages.inject()
    safe = cluster.run("sleep", "1")
    assert cluster.until(doomed, "STOPPED")["containers"][0]["exitCode"] == 137
    assert cluster.until(safe, "STOPPED")["containers"][0]["exitCode"] == 0
