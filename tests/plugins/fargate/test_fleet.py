"""What the executor does about tasks that stopped, that wait, and that nobody wants any more."""

import logging
import time
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from fargate import errands, fargate, fleet
from fargate.executor import INTERRUPTED
from tests.plugins.conftest import Said
from tests.plugins.fargate.cloud import ARN, Cloud, Database, error, eventually
from tests.plugins.fargate.test_executor import SPOT, exited, give, launch, reported, stop, took_up
from tests.plugins.fargate.test_metrics import Recorder
from tests.plugins.fargate.workloads import LAUNCH, TASK, workload

FIRST, SECOND = f"{ARN}{0:032}", f"{ARN}{1:032}"
UNANSWERED = ReadTimeoutError(endpoint_url="https://ecs")
THROTTLED = error("ThrottlingException", "Rate exceeded")
HIDDEN = error("InvalidParameterException", "Rate exceeded: too many concurrent requests")
NOT_FOUND = error("InvalidParameterException", "The referenced task was not found.")
NO_ADDRESS = {
    "stopCode": "TaskFailedToStart",
    "stoppedReason": "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment "
    "disabled in subnet 'subnet-0a': InsufficientFreeAddressesInSubnet",
}
NO_CAPACITY = {
    "stopCode": "TaskFailedToStart",
    "stoppedReason": "Capacity is unavailable at this time. Please try again later or in a different availability zone",
}
INTERRUPTION = exited(143) | {"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."}


def faulty(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, faults: list[Exception]) -> list[str]:
    """Let StopTask raise these one after the other; return the list of the tasks that it is called for."""
    answer, called = cloud.ecs.stop_task, []

    def stop_task(**request: Any) -> Any:
        called.append(request["task"])
        if faults:
            raise faults.pop(0)
        return answer(**request)

    monkeypatch.setattr(cloud.ecs, "stop_task", stop_task)
    monkeypatch.setattr(errands, "FIRST_DELAY_S", 0.001)
    return called


@pytest.mark.parametrize("fault", [THROTTLED, HIDDEN, UNANSWERED], ids=["throttled", "hidden", "unanswered"])
def test_a_task_that_could_not_be_stopped_is_stopped_later(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    faulty(cloud, monkeypatch, [fault] * 3)
    launch(executor, workload())
    executor.revoke_task(ti=workload().ti)
    assert eventually(lambda: cloud.ecs.stopped) == [FIRST]


def test_a_task_that_cannot_be_stopped_is_named_with_the_command_that_stops_it(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    called = faulty(cloud, monkeypatch, [THROTTLED] * 100)
    launch(executor, workload())
    executor.revoke_task(ti=workload().ti)
    [line] = eventually(lambda: [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR])
    assert f"aws ecs stop-task --cluster airflow --task {FIRST}. Given up after try {errands.TRIES}" in line
    assert "load_small" in line
    assert called == [FIRST] * errands.TRIES


def test_a_task_that_is_gone_need_not_be_stopped(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    called = faulty(cloud, monkeypatch, [NOT_FOUND] * 100)
    launch(executor, workload())
    executor.revoke_task(ti=workload().ti)
    eventually(lambda: called)
    time.sleep(0.1)
    assert called == [FIRST]
    assert said() == []


@pytest.mark.parametrize("in_flight", [False, True], ids=["answered", "in flight"])
def test_a_key_that_is_queued_again_has_nothing_to_do_with_the_task_that_was_given_up(
    executor: Any, cloud: Cloud, database: Database, in_flight: bool
) -> None:
    if in_flight:
        cloud.ecs.faults.append(lambda _: time.sleep(0.2))
        give(executor, workload())
        eventually(lambda: cloud.ecs.calls)
    else:
        launch(executor, workload())
    executor.revoke_task(ti=workload().ti)
    launch(executor, workload(launch_id=TASK))
    assert eventually(lambda: executor.sync() or cloud.ecs.stopped) == [FIRST]
    stop(cloud, FIRST, **exited(137))
    time.sleep(0.1)  # several looks at tasks
    executor.sync()
    assert executor.get_event_buffer() == {}
    assert executor.running == {workload().key}
    assert executor.fleet.arns() == [SECOND]
    assert database.arns[TASK] == SECOND
    stop(cloud, SECOND, **exited(0))
    assert reported(executor) == {workload().key: ("success", None)}


def relaunched(executor: Any, cloud: Cloud, number: int, how: dict[str, Any]) -> None:
    """Let the task of this number stop, and wait for the next."""
    stop(cloud, f"{ARN}{number:032}", **how)
    eventually(lambda: executor.sync() or executor.fleet.arns() == [f"{ARN}{number + 1:032}"])


def test_without_free_addresses_a_task_waits_and_this_costs_no_attempt(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    """Fargate finds out when it attaches the network interface, so that RunTask had succeeded."""
    monkeypatch.setattr(fleet, "NO_ADDRESS_S", 0.01)
    times = 5 * int(executor.max_run_task_attempts)
    launch(executor, workload())
    said()
    for number in range(times):
        relaunched(executor, cloud, number, NO_ADDRESS)
    assert executor.get_event_buffer() == {}
    assert [call["clientToken"] for call in cloud.ecs.calls] == [f"{LAUNCH}-{n}" for n in range(times + 1)]
    [line] = said()  # and not one a time
    assert "InsufficientFreeAddressesInSubnet. Look whether its subnets have free addresses" in line
    stop(cloud, f"{ARN}{times:032}", **exited(0))
    assert reported(executor) == {workload().key: ("success", None)}


def test_it_waits_for_an_address_for_a_while(executor: Any, cloud: Cloud) -> None:
    launch(executor, workload())
    stop(cloud, FIRST, **NO_ADDRESS)
    eventually(lambda: executor.sync() or executor.fleet.waiting())
    [(at, _, _)] = executor.fleet.launcher._backlog._lines[False]
    assert 7 < at - time.monotonic() <= 22.5


def test_another_fault_of_the_network_costs_an_attempt(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.launch.FIRST_DELAY_S", 0.01)
    slow = NO_ADDRESS | {"stoppedReason": "Timeout waiting for network interface provisioning to complete."}
    launch(executor, workload())
    relaunched(executor, cloud, 0, slow)
    relaunched(executor, cloud, 1, slow)
    stop(cloud, f"{ARN}{2:032}", **slow)
    [(state, why)] = reported(executor).values()
    assert (state, why[-14:]) == ("failed", "Tried 3 times.")


def test_without_spot_capacity_a_task_that_stopped_runs_on_demand(
    executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ECS takes the call, and says on the stopped task that Spot had no capacity; at no attempt's cost."""
    counted = Recorder()
    monkeypatch.setattr(fleet, "stats", counted)
    launch(executor, workload(config=SPOT))
    relaunched(executor, cloud, 0, NO_CAPACITY)
    providers = [call["capacityProviderStrategy"][0]["capacityProvider"] for call in cloud.ecs.calls]
    assert providers == ["FARGATE_SPOT", "FARGATE"]
    [launched] = executor.fleet._launches.values()
    assert launched.attempt == 1
    assert counted.counts["fargate.spot_fallback"] == 1


def test_an_interruption_is_told_though_the_worker_reported_first(
    executor: Any, cloud: Cloud, database: Database, reasons: list[Any]
) -> None:
    """The worker, which is asked to end, reports a failure without its reason."""
    launch(executor, workload(config=SPOT))
    database.finished.add(LAUNCH)
    stop(cloud, FIRST, **INTERRUPTION)
    [(key, why)] = eventually(lambda: executor.sync() or reasons)
    assert key == workload().key
    assert why.startswith("AWS took back the Spot capacity on which the task ran (exit code 143, SIGTERM).")
    assert [(event.event, event.extra) for event in executor._task_event_logs] == [(INTERRUPTED, why)]
    assert executor.get_event_buffer() == {}, "how it ended is for its worker to say"
    assert executor.running == set()


@pytest.mark.parametrize(("events", "fallbacks"), [({(1, INTERRUPTED)}, 1), (set(), 0)])
def test_the_launch_on_demand_after_an_interruption_counts_as_a_fallback(
    executor: Any,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    events: set[tuple[int, str]],
    fallbacks: int,
) -> None:
    counted = Recorder()
    monkeypatch.setattr(fleet, "stats", counted)
    database.events |= events
    launch(executor, workload(config=SPOT, try_number=2))
    assert counted.counts["fargate.spot_fallback"] == fallbacks


def test_illegal_arguments_of_fargate_that_no_policy_saw_start_nothing(executor: Any, cloud: Cloud) -> None:
    give(executor, workload(config=fargate(cpu=1, memory=1)))
    [(key, (state, why))] = reported(executor).items()
    assert (key, state) == (workload().key, "failed")
    assert "memory=1 GiB with cpu=1 vCPU: legal are 2, 3, 4, 5, 6, 7, 8" in why
    assert cloud.ecs.calls == []
    assert cloud.s3.objects == {}
    assert took_up(executor)
