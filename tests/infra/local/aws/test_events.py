"""``/_fargate/events``: every call and every change of status, in order."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

# moto warns that the API reference does not list this error of all calls with each call
pytestmark = pytest.mark.filterwarnings("ignore:Exception.ThrottlingException. with code:UserWarning")
CALL = {"seq", "at", "kind", "action", "started", "error", "answered"}


@pytest.fixture
def new(pages):
    """Return the events since the test began."""
    [*_, last] = pages.get("events") or [{"seq": 0}]
    return lambda: pages.get(f"events?since={last['seq']}")


def calls(events, action):
    return [event for event in events if event.get("action") == action]


def test_a_call_that_starts_a_task(cluster, new):
    arn = cluster.run("true", startedBy="me", clientToken="token")
    [call] = calls(new(), "RunTask")
    assert call.keys() == CALL | {"startedBy", "clientToken", "taskDefinition"}
    assert (call["kind"], call["startedBy"], call["clientToken"]) == ("call", "me", "token")
    assert (call["started"], call["error"]) == ([arn.rpartition("/")[2]], None)
    assert call["at"] <= call["answered"]


def test_a_repeated_call_starts_nothing(cluster, new):
    request = cluster.request("true", clientToken="token")
    for _ in range(2):
        cluster.ecs.run_task(**request)
    assert [len(call["started"]) for call in calls(new(), "RunTask")] == [1, 0]


def test_a_call_that_is_refused(cluster, new):
    with pytest.raises(ClientError):
        cluster.ecs.stop_task(cluster=cluster.name, task="nowhere")
    [call] = calls(new(), "StopTask")
    assert call["error"] == "InvalidParameterException: The referenced task was not found."
    assert (call["task"], call["started"]) == ("nowhere", [])
    assert call["at"] <= call["answered"]


def test_a_call_of_a_throttled_client(cluster, pages, new):
    pages.inject(throttle=1)
    with pytest.raises(ClientError):
        cluster.run("true")
    [call] = calls(new(), "RunTask")
    assert (call["error"], call["started"]) == ("ThrottlingException: Rate exceeded", [])


def test_a_call_that_breaks_the_emulator(cluster, new, monkeypatch):
    request = cluster.request("true")
    monkeypatch.setattr("infra.local.aws.launch.build", lambda *_: 1 / 0)
    with pytest.raises(ClientError) as error:
        cluster.ecs.run_task(**request)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    [call] = calls(new(), "RunTask")
    assert (call["error"], call["started"]) == ("ZeroDivisionError('division by zero')", [])


def test_a_describing_call_tells_how_many_tasks_were_asked_for(cluster, new):
    cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[uuid.uuid4().hex for _ in range(7)])
    [call] = calls(new(), "DescribeTasks")
    assert call.keys() == CALL | {"tasks"}
    assert call["tasks"] == 7


def test_calls_that_moto_answers_are_there_too(cluster, new):
    cluster.ecs.list_clusters()
    [call] = calls(new(), "ListClusters")
    assert call.keys() == CALL
    assert call["answered"] is not None


def test_a_task_changes_its_status(cluster, new):
    arn = cluster.stopped("sh", "-c", "exit 3")["taskArn"]
    events = [event for event in new() if event.get("task") == arn.rpartition("/")[2]]
    assert {event["kind"] for event in events} == {"status"}
    [first, *_, last] = events
    [running] = [event for event in events if event["status"] == "RUNNING"]
    assert (first["status"], first["provider"]) == ("PROVISIONING", "FARGATE")
    assert running["pid"] > 1
    assert (last["status"], last["code"], last["reason"]) == ("STOPPED", 3, "Essential container in task exited")


def test_events_are_numbered_without_gaps_in_the_order_of_time(cluster, pages, new):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cluster.run("true", definition=None), range(16)))
    events = new()
    assert len(events) > 32
    numbers = [event["seq"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    times = [event["at"] for event in events]
    assert times == sorted(times)
    everything = pages.get("events")
    assert [event["seq"] for event in everything] == list(range(1, len(everything) + 1))


def test_since_leaves_out_what_was_there_before(pages):
    everything = pages.get("events")
    assert [event["seq"] for event in pages.get("events?since=3")][:2] == [4, 5]
    assert pages.get("events?since=0")[: len(everything)] == everything
    assert pages.get(f"events?since={10**9}") == []


def test_since_is_a_number(pages):
    assert pages.ask("events?since=yesterday") == (400, {"error": "since is the number of an event, not 'yesterday'"})
