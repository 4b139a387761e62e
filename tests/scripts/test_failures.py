"""The failed tasks of a run, and the ends of their logs in all forms that a server gives them."""

from types import SimpleNamespace
from typing import Any

import pytest

from scripts.airflow_api import Airflow
from scripts.dag_run import DagRun
from scripts.failures import log_end, report_failures
from tests.scripts import answers
from tests.scripts.airflow_server import AirflowServer

TASK: Any = SimpleNamespace(task_id="load", map_index=3, try_number=2)


@pytest.fixture
def run(airflow: Airflow) -> DagRun:
    return DagRun(airflow, "flights", "r", created=True)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ([], []),
        (["one\ntwo", "three"], ["one", "two", "three"]),
        ("one\ntwo", ["one", "two"]),
        ([{"event": "one", "timestamp": answers.WHEN}, {"event": "two"}], ["one", "two"]),
        ([{"event": "a\nb"}], ["a", "b"]),
        ([{"event": "::group::Pre task"}, {"event": "::endgroup::"}, {"event": "kept"}], ["kept"]),
        (
            [{"event": "Task failed", "error_detail": [{"exc_type": "KeyError", "exc_value": "'a'"}]}],
            ["Task failed", "KeyError: 'a'"],
        ),
        (
            [
                {
                    "event": "x",
                    "error_detail": [{"exc_type": "A", "exc_value": "1\n2"}, {"exc_type": "B", "exc_value": ""}],
                }
            ],
            ["x", "A: 1", "2", "B: "],
        ),
        ([{"event": "x", "error_detail": None}], ["x"]),
        ([{"timestamp": answers.WHEN}], []),
        ([str(number) for number in range(20)], [str(number) for number in range(12, 20)]),
    ],
)
def test_the_end_of_a_log(server: AirflowServer, run: DagRun, content: Any, lines: list[str]) -> None:
    server.logs[("load", 3)] = content
    assert log_end(run, TASK) == lines


def test_the_log_of_the_last_try_is_asked_for(server: AirflowServer, run: DagRun) -> None:
    server.logs[("load", 3)] = []
    log_end(run, TASK)
    assert server.requests[-1][0] == "GET /api/v2/dags/flights/dagRuns/r/taskInstances/load/logs/2"


def test_fewer_lines_may_be_wanted(server: AirflowServer, run: DagRun) -> None:
    server.logs[("load", 3)] = ["a", "b", "c"]
    assert log_end(run, TASK, lines=2) == ["b", "c"]


def test_a_log_that_is_not_there(run: DagRun) -> None:
    assert log_end(run, TASK) == ["the log cannot be read: 404 TaskInstance not found"]


def test_a_log_that_the_server_cannot_give(server: AirflowServer, run: DagRun) -> None:
    server.faults.append(("logs", (502, b"<html>Bad gateway\n</html>")))
    assert log_end(run, TASK) == ["the log cannot be read: 502 <html>Bad gateway"]


def test_a_server_that_is_gone(server: AirflowServer, run: DagRun) -> None:
    server.stop()
    [line] = log_end(run, TASK)
    assert line.startswith(f"the log cannot be read: {server.url} cannot be reached")


def test_an_ended_token_does_not_cost_the_log(server: AirflowServer, run: DagRun) -> None:
    server.logs[("load", 3)] = ["there"]
    server.tokens.clear()
    assert log_end(run, TASK) == ["there"]


def test_of_many_failures_the_first_ten_are_shown(
    server: AirflowServer, run: DagRun, capsys: pytest.CaptureFixture[str]
) -> None:
    server.runs["r"] = answers.run("flights", "r", "failed", {})
    server.tasks = [answers.task("load", "failed", index, f"label {index}") for index in range(12)]
    run.refresh()
    report_failures(run)
    told = capsys.readouterr().err
    assert told.count("failed: load label") == 10
    assert "label 9 " in told
    assert "label 10" not in told
    assert told.endswith(f"\n... and 2 more: {run.url}\n")


def test_what_did_not_fail_is_not_shown(server: AirflowServer, run: DagRun, capsys: pytest.CaptureFixture[str]) -> None:
    server.runs["r"] = answers.run("flights", "r", "failed", {})
    states = ("success", "upstream_failed", "skipped", "up_for_retry", "removed", None)
    server.tasks = [answers.task(f"task_{state}", state) for state in states]
    run.refresh()
    assert len(run.tasks) == 6
    report_failures(run)
    assert capsys.readouterr().err == ""
