"""What the provider's AwsEcsExecutor gets wrong and ours does not: one test a point, run against both.

``stock`` has to fail each of them: a point that a new version of the provider mends is an XPASS, which
fails here, and can be deleted on our side. The table of the README is made of these docstrings.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy
from airflow.exceptions import AirflowException
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models import Log
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from sqlalchemy.orm import Session

from fargate import executor_config
from fargate.executor import AwsFargateExecutor
from tests.plugins.fargate.cloud import ARN, Cloud, error, eventually
from tests.plugins.fargate.workloads import LAUNCH, orphan, workload

STOCK = "airflow.providers.amazon.aws.executors.ecs.ecs_executor"
LATENCY_S = 0.05
TIMEOUT = ReadTimeoutError(endpoint_url="https://ecs")
THROTTLED = error("ThrottlingException", "Rate exceeded")
HIDDEN = error("InvalidParameterException", "Rate exceeded: too many concurrent requests")
SPOT = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}


class Subject:
    """An executor between a scheduler and ECS, driven as the scheduler's loop does."""

    def __init__(self, executor: Any, cloud: Cloud, ours: bool) -> None:
        self.executor, self.ecs, self.ours = executor, cloud.ecs, ours
        self.events: dict[Any, Any] = {}

    def give(self, *workloads: Any) -> None:
        for entry in workloads:
            self.executor.queue_workload(entry, None)

    def beat(self) -> float:
        """Go round the scheduler's loop once; return the seconds that it took."""
        begun = time.monotonic()
        self.executor.heartbeat()
        took = time.monotonic() - begun
        self.events |= self.executor.get_event_buffer()
        return took

    def until(self, look: Callable[[], Any]) -> Any:
        def beat_and_look() -> Any:
            self.beat()
            return look()

        return eventually(beat_and_look, within=3)

    def launch(self, *workloads: Any) -> None:
        wanted = len(self.ecs.tasks) + len(workloads)
        self.give(*workloads)
        self.until(lambda: len(self.ecs.tasks) == wanted and self.settled())

    def settled(self) -> bool:
        return not self.executor.fleet.waiting() if self.ours else not self.executor.pending_workloads

    def states(self) -> set[str]:
        return {str(state) for state, _ in self.events.values()}

    def stop(self, how: dict[str, Any]) -> None:
        for task in self.ecs.tasks.values():
            task |= {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", **how}

    def told(self) -> str:
        return " ".join(str(event.extra) for event in self.executor._task_event_logs)

    @contextlib.contextmanager
    def made_without_ecs(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        """Give an executor that was not started; ours makes its own clients, which find nobody at AWS's address."""
        if not self.ours:
            yield self.executor
            return
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        made = AwsFargateExecutor(parallelism=8)
        yield made
        made.end()

    def parse(self, config: dict[str, Any]) -> None:
        """Do what happens to a task's executor_config when its DAG is parsed: with the stock class, nothing."""
        if self.ours:
            executor_config.check(config)


def make_stock(cloud: Cloud) -> Any:
    from airflow.providers.amazon.aws.executors.ecs.ecs_executor import AwsEcsExecutor

    made = AwsEcsExecutor(parallelism=128)
    made.IS_BOTO_CONNECTION_HEALTHY = True
    return made


HOW = (AssertionError, AttributeError, NotImplementedError, AirflowException, pytest.fail.Exception)
FAILS = pytest.mark.xfail(strict=True, raises=HOW, reason="this is what ours is for")


@pytest.fixture(params=[pytest.param("stock", marks=FAILS), "ours"])
def subject(
    request: pytest.FixtureRequest, executor: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Subject]:
    if request.param == "ours":
        executor.parallelism = 128
        yield Subject(executor, cloud, ours=True)
        return
    monkeypatch.setattr(f"{STOCK}.calculate_next_attempt_delay", lambda _: datetime.now(UTC) - datetime.now(UTC))
    with patch(f"{STOCK}.EcsHook") as hook:
        hook.return_value.conn = cloud.ecs
        yield Subject(make_stock(cloud), cloud, ours=False)


def many(count: int) -> list[Any]:
    return [workload(launch_id=f"0190aaaa-1111-7000-8000-{n:012}", map_index=n) for n in range(count)]


def raising(exception: Exception) -> Any:
    def fault(*_: Any, **__: Any) -> None:
        raise exception

    return fault


def slow(subject: Subject, count: int) -> None:
    answer = subject.ecs.run_task

    def slower(**request: Any) -> Any:
        time.sleep(LATENCY_S)
        return answer(**request)

    subject.ecs.run_task = slower
    subject.give(*many(count))


EXITED = {"startedAt": datetime.now(UTC), "stopCode": "EssentialContainerExited"}
KILLED = {**EXITED, "stoppedReason": "Essential container in task exited"}
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


def dead(code: int, reason: str = "") -> dict[str, Any]:
    return {**KILLED, "containers": [{"name": "airflow", "containerArn": "c", "exitCode": code, "reason": reason}]}


@pytest.mark.parametrize("subject", ["stock", "ours"], indirect=True)
def test_00_both_run_a_task(subject: Subject) -> None:
    """That the stock class fails below is not a fault of what stands in for ECS."""
    subject.launch(workload())
    assert subject.executor.running == {workload().key}
    subject.stop(dead(0))
    subject.until(lambda: subject.states() == {"success"})
    assert subject.executor.running == set()


def test_01_calls_are_made_side_by_side(subject: Subject) -> None:
    """RunTask calls one after the other: 7.8 launches a second where the quota allows 20"""
    slow(subject, 40)
    begun = time.monotonic()
    subject.until(lambda: len(subject.ecs.tasks) == 40)
    assert time.monotonic() - begun < 40 * LATENCY_S / 2


def test_02_the_loop_is_not_held(subject: Subject) -> None:
    """the scheduler's loop waits for all calls; over 30 s, another scheduler takes it for dead"""
    slow(subject, 20)
    assert subject.beat() < 20 * LATENCY_S / 2


def test_03_a_call_without_an_answer_starts_one_task(subject: Subject) -> None:
    """a call without an answer is repeated under another token: the task runs twice"""
    subject.ecs.afterwards.append(raising(TIMEOUT))
    subject.give(workload())
    subject.until(lambda: len(subject.ecs.calls) == 2)
    assert len(subject.ecs.tasks) == 1


def test_04_a_launch_survives_its_scheduler(subject: Subject) -> None:
    """the ARN is stored after all launches of a loop: a crash before that starts them again"""
    subject.launch(workload())
    stored = LAUNCH if subject.executor.pre_assigns_external_executor_id else None  # with the state QUEUED
    assert list(subject.executor.try_adopt_task_instances([orphan(stored, {})])) == []


def test_05_throttling_costs_no_attempt(subject: Subject) -> None:
    """a throttled RunTask costs an attempt, and the third one fails the task"""
    subject.ecs.faults += [raising(THROTTLED)] * 6
    subject.launch(workload())
    assert "failed" not in subject.states()


def test_06_throttling_is_known_by_its_words(subject: Subject) -> None:
    """throttling inside InvalidParameterException or failures[] is not recognized"""
    hidden = {"tasks": [], "failures": [{"reason": "Rate exceeded"}]}
    subject.ecs.faults += [raising(HIDDEN), lambda _: hidden] * 3
    subject.launch(workload())
    assert "failed" not in subject.states()


def test_07_missing_credentials_do_not_end_the_scheduler(subject: Subject) -> None:
    """NoCredentialsError raises an AttributeError through sync(): the scheduler dies"""
    subject.ecs.faults.append(raising(NoCredentialsError()))
    subject.launch(workload())
    assert len(subject.ecs.tasks) == 1


def test_08_the_scheduler_starts_without_ecs(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """ECS out of reach at the start ends the scheduler"""
    monkeypatch.setenv("AIRFLOW__AWS_ECS_EXECUTOR__CHECK_HEALTH_ON_STARTUP", "True")
    subject.ecs.stop_task = raising(EndpointConnectionError(endpoint_url="https://ecs"))
    with subject.made_without_ecs(monkeypatch) as executor:
        executor.start()
        executor.queue_workload(workload(), None)
        executor.heartbeat()
        assert executor.get_event_buffer() == {}


def test_09_a_container_that_died_fails_its_task_at_once(subject: Subject) -> None:
    """a container that dies after its start is launched again with the same payload, up to three times"""
    subject.launch(workload())
    subject.stop(dead(137))
    subject.until(lambda: "failed" in subject.states() or len(subject.ecs.calls) > 1)
    assert len(subject.ecs.calls) == 1


def test_10_an_adopted_task_counts_as_running(subject: Subject) -> None:
    """adopted tasks are not in `running`, and are rebuilt with an empty token"""
    arn = subject.ecs.task(LAUNCH)["taskArn"]
    subject.executor.try_adopt_task_instances([orphan(arn, {}, state="running")])
    assert subject.executor.running == {workload().key}


def test_11_lists_are_merged(subject: Subject) -> None:
    """executor_config replaces lists: one variable more and the others are gone"""
    base = subject.executor.run_task_kwargs["overrides"]["containerOverrides"][0]
    base["environment"] = [{"name": "HOUSE", "value": "1"}]
    variables = [{"name": "MINE", "value": "2"}]
    config = {"overrides": {"containerOverrides": [{"name": "airflow", "environment": variables}]}}
    subject.launch(workload(config=config))
    container = subject.ecs.calls[0]["overrides"]["containerOverrides"][0]
    assert {"HOUSE", "MINE"} <= {entry["name"] for entry in container["environment"]}


def test_12_spot_takes_the_place_of_the_launch_type(subject: Subject) -> None:
    """launch_type and a task's capacityProviderStrategy are both sent, which RunTask refuses"""
    subject.launch(workload(config=SPOT))
    assert "launchType" not in subject.ecs.calls[0]


@pytest.mark.parametrize(
    "config",
    [
        {"overrides": {"cpu": "1024", "memory": "1024"}},
        {"overrides": {"containerOverrides": [{"environment": []}]}},
        {
            "overrides": {
                "containerOverrides": [{"name": "airflow", "environment": [{"name": "X", "value": "x" * 8192}]}]
            }
        },
    ],
    ids=["size", "name", "length"],
)
def test_13_a_wrong_config_is_an_error_of_the_dag(subject: Subject, config: dict[str, Any]) -> None:
    """illegal sizes, overrides without a name or of over 8192 characters fail at run time, in the cloud"""
    with pytest.raises(ValueError, match=r"legal are|must be named|8192"):
        subject.parse(config)


def test_14_no_token_is_in_the_request(subject: Subject) -> None:
    """the task's token is in the command, which DescribeTasks and CloudTrail show"""
    subject.launch(workload())
    assert "token" not in json.dumps(subject.ecs.calls[0]["overrides"])


def test_15_revoking_stops_the_task(subject: Subject) -> None:
    """revoke_task is not implemented: tasks that are stuck in the queue stay there"""
    subject.launch(workload())
    subject.executor.revoke_task(ti=workload().ti)
    eventually(lambda: subject.ecs.stopped)


def test_16_a_running_task_has_a_log(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """no log while the task runs, and none at all after SIGKILL"""
    monkeypatch.setattr("fargate.log_streams.read", lambda arn, *_: ([arn], ["a line"]))
    assert subject.executor.get_task_log(orphan(f"{ARN}{0:032}", {}), 1)[1] == ["a line"]


def test_17_stopping_does_not_wait_for_tasks(subject: Subject) -> None:
    """on SIGTERM it waits for all tasks without a heartbeat, and still launches: each deploy is a crash"""
    subject.launch(workload())
    ending = threading.Thread(target=subject.executor.end, daemon=True)
    ending.start()
    ending.join(2)
    running = ending.is_alive()
    subject.stop(dead(0))  # lets the other one end too
    assert not running


def test_18_a_failure_says_why(subject: Subject) -> None:
    """the reason of ECS never reaches the task: "failed because of None" """
    subject.launch(workload())
    for _ in range(4):  # the stock class launches it again
        subject.stop(dead(137, OUT_OF_MEMORY))
        subject.beat()
        time.sleep(0.1)
    subject.until(lambda: "failed" in subject.states())
    assert "Out of memory" in subject.told()


def test_19_events_are_kept(subject: Subject) -> None:
    """its events are garbage before the scheduler saves them, so that their rows are refused and lost"""
    engine = sqlalchemy.create_engine("sqlite://")
    Log.metadata.create_all(engine, [Log.__table__])  # type: ignore[list-item]
    subject.beat()
    subject.executor.log_task_event(event="stopped", extra="out of memory", ti_key=workload().key)
    with Session(engine) as session, contextlib.suppress(sqlalchemy.exc.IntegrityError):
        SchedulerJobRunner._process_task_event_logs(subject.executor._task_event_logs, session)
        session.commit()
    with Session(engine) as session:
        assert [row.extra for row in session.scalars(sqlalchemy.select(Log))] == ["out of memory"]
