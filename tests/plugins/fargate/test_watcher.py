"""The watcher finds out how each task is, whatever ECS answers in between."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError, ReadTimeoutError

from fargate import watcher
from fargate.watcher import Watcher
from tests.plugins.fargate.cloud import ARN, Cloud, error, eventually

ELSEWHERE = "arn:aws:ecs:ap-northeast-2:123456789012:task/another/00000000000000000000000000000000"


class Rounds:
    """What DescribeTasks was asked for, and when; ``faults`` are raised first, one a call."""

    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self._describe = cloud.ecs.describe_tasks
        self.asked: list[list[str]] = []
        self.times: list[float] = []
        self.faults: list[Exception] = []
        self.refuses: Callable[[list[str]], Exception | None] = lambda arns: None
        self.failures: list[dict[str, Any]] = []
        monkeypatch.setattr(cloud.ecs, "describe_tasks", self.describe_tasks)

    def describe_tasks(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request["tasks"])
        self.times.append(time.monotonic())
        if self.faults:
            raise self.faults.pop(0)
        if refusal := self.refuses(request["tasks"]):
            raise refusal
        answer = self._describe(**request)
        return {**answer, "failures": [*answer["failures"], *self.failures]}


class Watched:
    """A watcher of a list of tasks, which has begun when it is asked."""

    def __init__(self, cloud: Cloud) -> None:
        self.arns: list[str] = []
        self.watcher = Watcher(cloud, "airflow", lambda: list(self.arns))  # type: ignore[arg-type]

    def statuses(self) -> dict[str, str]:
        return {task["taskArn"]: task["lastStatus"] for task in self.watcher.seen()}

    def sees(self, **wanted: str) -> bool:
        """Wait until one look after another has told all of this; ARNs by the number of their task."""
        seen: dict[str, str] = {}

        def all_seen() -> bool:
            seen.update(self.statuses())
            return all(seen.get(arn(name)) == status for name, status in wanted.items())

        return bool(eventually(all_seen))


def arn(number: str | int) -> str:
    return f"{ARN}{int(str(number).removeprefix('n')):032}"


@pytest.fixture
def rounds(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Rounds:
    return Rounds(cloud, monkeypatch)


@pytest.fixture
def watched(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(watcher, "EVERY_S", 0.02)
    monkeypatch.setattr(watcher, "BETWEEN_CALLS_S", 0.001)
    monkeypatch.setattr(watcher, "AFTER_A_FAILURE_S", (0.01, 0.02))
    made = Watched(cloud)
    yield made
    made.watcher.stop()


def run_tasks(cloud: Cloud, watched: Watched, count: int) -> None:
    watched.arns = [cloud.ecs.task(f"launch-{number}")["taskArn"] for number in range(count)]


def test_it_sees_how_tasks_are_and_what_becomes_of_them(cloud: Cloud, watched: Watched) -> None:
    run_tasks(cloud, watched, 2)
    watched.watcher.start()
    watched.sees(n0="PROVISIONING", n1="PROVISIONING")
    cloud.ecs.tasks[arn(1)]["lastStatus"] = "STOPPED"
    watched.sees(n0="PROVISIONING", n1="STOPPED")


def test_what_it_gives_is_what_describe_tasks_tells(cloud: Cloud, watched: Watched) -> None:
    run_tasks(cloud, watched, 1)
    watched.watcher.start()
    assert eventually(watched.watcher.seen) == [cloud.ecs.tasks[arn(0)]]


def test_a_task_that_ecs_does_not_know_is_missing(watched: Watched) -> None:
    watched.arns = [ELSEWHERE]
    watched.watcher.start()
    assert eventually(watched.watcher.seen) == [{"taskArn": ELSEWHERE, "lastStatus": "MISSING"}]


def test_another_failure_says_nothing_of_the_task(cloud: Cloud, watched: Watched, rounds: Rounds) -> None:
    run_tasks(cloud, watched, 1)
    rounds.failures = [{"arn": arn(5), "reason": "Rate exceeded"}, {"reason": "MISSING?"}]
    watched.watcher.start()
    watched.sees(n0="PROVISIONING")
    watched.sees(n0="PROVISIONING")
    assert set(watched.statuses()) <= {arn(0)}


def test_a_call_asks_for_a_hundred(cloud: Cloud, watched: Watched, rounds: Rounds) -> None:
    run_tasks(cloud, watched, 250)
    watched.watcher.start()
    eventually(lambda: len(rounds.asked) > 2)
    assert [len(arns) for arns in rounds.asked[:3]] == [100, 100, 50]
    assert [arn for arns in rounds.asked[:3] for arn in arns] == watched.arns


def test_no_tasks_are_no_calls(watched: Watched, rounds: Rounds) -> None:
    watched.watcher.start()
    time.sleep(0.1)
    assert rounds.asked == []


def test_calls_and_rounds_keep_their_distance(
    cloud: Cloud, watched: Watched, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "EVERY_S", 0.3)
    monkeypatch.setattr(watcher, "BETWEEN_CALLS_S", 0.05)
    run_tasks(cloud, watched, 300)
    watched.watcher.start()
    eventually(lambda: len(rounds.asked) > 3)
    first, second, third, next_round = rounds.times[:4]
    assert min(second - first, third - second) >= 0.05
    assert next_round - first >= 0.3


def test_the_distances_are_within_the_quota_of_describe_tasks() -> None:
    """1000 tasks, ten calls, in a quota of 20 calls a second that the console uses as well."""
    assert 1 / watcher.BETWEEN_CALLS_S <= 10


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            error("ThrottlingException", "Rate exceeded"),
            "DescribeTasks: throttled, asked again: ThrottlingException: Rate exceeded",
        ),
        (
            ReadTimeoutError(endpoint_url="https://ecs"),
            'DescribeTasks: no answer, asked again: Read timeout on endpoint URL: "https://ecs"',
        ),
        (NoCredentialsError(), "DescribeTasks: no access, asked again: Unable to locate credentials"),
    ],
)
def test_what_keeps_ecs_from_telling_is_said_once_and_passes(
    cloud: Cloud, watched: Watched, rounds: Rounds, caplog: pytest.LogCaptureFixture, fault: Exception, line: str
) -> None:
    run_tasks(cloud, watched, 1)
    caplog.set_level(logging.WARNING)
    rounds.faults = [fault] * 3
    watched.watcher.start()
    watched.sees(n0="PROVISIONING")
    assert len(rounds.asked) >= 4
    said = [record for record in caplog.records if record.name == "fargate.watcher"]
    assert [(record.levelno, record.getMessage()) for record in said] == [(logging.WARNING, line)]


@pytest.mark.parametrize(
    ("fault", "times"), [(NoCredentialsError(), 2), (error("ExpiredTokenException"), 2), (error("ServerException"), 0)]
)
def test_without_access_the_clients_are_made_anew(
    cloud: Cloud, watched: Watched, rounds: Rounds, fault: Exception, times: int
) -> None:
    run_tasks(cloud, watched, 1)
    rounds.faults = [fault] * 2
    watched.watcher.start()
    watched.sees(n0="PROVISIONING")
    assert cloud.forgotten == times


def test_an_error_that_nobody_thought_of_does_not_end_it(
    cloud: Cloud, watched: Watched, rounds: Rounds, caplog: pytest.LogCaptureFixture
) -> None:
    run_tasks(cloud, watched, 1)
    rounds.faults = [KeyError("tasks")]
    watched.watcher.start()
    watched.sees(n0="PROVISIONING")
    [record] = [record for record in caplog.records if record.name == "fargate.watcher"]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "DescribeTasks failed; asked again")
    assert record.exc_info


def test_an_answer_that_is_none_does_not_end_it(
    cloud: Cloud, watched: Watched, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_tasks(cloud, watched, 1)
    answers = [{}, {"tasks": [{}]}, {"tasks": [], "failures": [{"reason": "MISSING"}]}]
    describe = cloud.ecs.describe_tasks
    monkeypatch.setattr(
        cloud.ecs, "describe_tasks", lambda **request: answers.pop(0) if answers else describe(**request)
    )
    watched.watcher.start()
    watched.sees(n0="PROVISIONING")


def test_a_task_that_ecs_will_not_be_asked_for_hides_no_other(cloud: Cloud, watched: Watched, rounds: Rounds) -> None:
    run_tasks(cloud, watched, 150)
    watched.arns[70] = ELSEWHERE
    refusal = error("InvalidParameterException", "Identifier is for another. Your cluster is airflow")
    rounds.refuses = lambda arns: refusal if ELSEWHERE in arns else None
    watched.watcher.start()
    watched.sees(**{f"n{number}": "PROVISIONING" for number in range(150) if number != 70})
    assert ELSEWHERE not in watched.statuses()  # nothing is known of it, so that nothing is said


def test_tasks_that_are_throttled_keep_no_others_waiting(cloud: Cloud, watched: Watched, rounds: Rounds) -> None:
    run_tasks(cloud, watched, 150)
    rounds.refuses = lambda arns: error("ThrottlingException") if arn(0) in arns else None
    watched.watcher.start()
    watched.sees(**{f"n{number}": "PROVISIONING" for number in range(100, 150)})


def test_where_nobody_asks_only_the_last_look_is_kept(cloud: Cloud, watched: Watched, rounds: Rounds) -> None:
    run_tasks(cloud, watched, 3)
    watched.watcher.start()
    eventually(lambda: len(rounds.asked) > 3)
    cloud.ecs.tasks[arn(0)] = {**cloud.ecs.tasks[arn(0)], "lastStatus": "RUNNING"}
    known = len(rounds.asked)
    eventually(lambda: len(rounds.asked) > known + 1)
    assert sorted((task["taskArn"], task["lastStatus"]) for task in watched.watcher.seen()) == [
        (arn(0), "RUNNING"),
        (arn(1), "PROVISIONING"),
        (arn(2), "PROVISIONING"),
    ]


def test_what_was_seen_is_given_once(cloud: Cloud, watched: Watched) -> None:
    run_tasks(cloud, watched, 1)
    watched.watcher.start()
    eventually(watched.watcher.seen)
    watched.arns = []
    time.sleep(0.1)  # a round that had begun
    watched.watcher.seen()
    assert watched.watcher.seen() == []


@pytest.mark.parametrize("fault", [None, error("ThrottlingException")])
def test_it_ends_soon(
    cloud: Cloud, watched: Watched, rounds: Rounds, monkeypatch: pytest.MonkeyPatch, fault: Exception | None
) -> None:
    monkeypatch.setattr(watcher, "EVERY_S", 60.0)
    monkeypatch.setattr(watcher, "AFTER_A_FAILURE_S", (60.0, 60.0))
    run_tasks(cloud, watched, 1)
    rounds.refuses = lambda arns: fault
    others = threading.enumerate()  # of an earlier test, which end as well
    watched.watcher.start()
    eventually(lambda: rounds.asked)
    [thread] = [thread for thread in threading.enumerate() if thread.name == "fargate-watch" and thread not in others]
    watched.watcher.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert len(rounds.asked) == 1
