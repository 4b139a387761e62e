"""What containers wrote is found by the worker's definition, and read from its end."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fargate import log_streams
from tests.plugins.conftest import Said
from tests.plugins.fargate import cloudwatch
from tests.plugins.fargate.cloudwatch import ARN, GROUP, STREAM, Leftovers, line

PLACE = f"CloudWatch Logs: {GROUP} {STREAM}"
NOW = int(time.time())


@pytest.fixture(scope="module")
def server() -> Iterator[Leftovers]:
    yield from cloudwatch.server()


@pytest.fixture
def aws(server: Leftovers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leftovers]:
    yield from cloudwatch.left_behind(server, monkeypatch)


def test_a_line_of_the_worker_stays_as_it_is_but_for_the_workload(aws: Leftovers) -> None:
    aws.say(line("hello", 1, logger="task.stdout"), line("Executing workload", 2, workload="…"), at=NOW * 1000)
    places, lines = log_streams.read(ARN)
    assert places == [PLACE]
    assert lines == [line("hello", 1, logger="task.stdout"), line("Executing workload", 2)]


@pytest.mark.parametrize("text", ["Segmentation fault", "[1]", '"x"', "{", '{"event": 3}', '{"level": "info"}'])
def test_other_text_becomes_a_line_with_its_time(aws: Leftovers, text: str) -> None:
    aws.say(text, at=NOW * 1000)
    at = datetime.fromtimestamp(NOW, UTC).isoformat()
    [found] = log_streams.read(ARN)[1]
    assert json.loads(found) == {"timestamp": at, "level": "info", "event": text, "logger": "container"}


def test_a_line_without_a_time_gets_that_of_its_arrival(aws: Leftovers) -> None:
    aws.say('{"event": "hello"}', at=NOW * 1000)
    [found] = log_streams.read(ARN)[1]
    assert json.loads(found) == {"timestamp": datetime.fromtimestamp(NOW, UTC).isoformat(), "event": "hello"}


def test_lines_after_a_time(aws: Leftovers) -> None:
    aws.say(line("one", 1), line("two", 2), '{"event": "three", "timestamp": "soon"}', at=NOW * 1000)
    lines = log_streams.read(ARN, datetime(2020, 1, 1, 12, 0, 1, tzinfo=UTC))[1]
    assert [json.loads(entry)["event"] for entry in lines] == ["two", "three"]


@pytest.mark.parametrize(("count", "shown"), [(10_001, 10_001), (10_001, 10_000)])
def test_of_a_long_output_the_end_is_shown(
    aws: Leftovers, monkeypatch: pytest.MonkeyPatch, count: int, shown: int
) -> None:
    monkeypatch.setattr(log_streams, "MOST_PAGES", 3 if shown == count else 1)
    aws.say(*map(str, range(count)), at=NOW * 1000)
    places, lines = log_streams.read(ARN)
    cut = [f"earlier lines are left out here: these are the last 10000 of {STREAM} in {GROUP}"]
    assert places == [PLACE, *(cut if shown < count else [])]
    assert [int(json.loads(entry)["event"]) for entry in lines] == list(range(count - shown, count))


def test_a_container_that_wrote_nothing(aws: Leftovers) -> None:
    missing = (
        f"{STREAM} in {GROUP} has no such stream: the container has written nothing yet, or its output has expired"
    )
    assert log_streams.read(ARN) == ([missing], [])


def test_an_error_is_shown_and_logged(aws: Leftovers, monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    log_streams.worker_group()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    places, lines = log_streams.read(ARN)
    assert (places[0].partition(": ")[0], len(places), lines) == ("CloudWatch Logs cannot be read", 1, [])
    assert said() == [f"the output of {ARN} cannot be read"]


def test_the_definition_is_looked_up_once(aws: Leftovers, monkeypatch: pytest.MonkeyPatch) -> None:
    first = log_streams.worker_group()
    assert first == log_streams.LogGroup(GROUP, "ap-northeast-2", "worker/airflow")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert log_streams.worker_group() is first
