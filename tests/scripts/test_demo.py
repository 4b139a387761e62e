"""The table of the demonstration: what ran where, joined from Airflow and Fargate."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from rich.console import Console

from infra.local.layout import Layout
from scripts import demo
from scripts.airflow_api import Airflow
from scripts.dag_run import DagRun
from tests.scripts import answers
from tests.scripts.airflow_server import AirflowServer

LAYOUT = Layout.read({})


def ran(task_id: str, map_index: str = "-1", **changes: Any) -> dict[str, Any]:
    """Return an entry of GET /_fargate/tasks."""
    tags = {"run_id": "r", "task_id": task_id, "map_index": map_index, "try_number": "1"}
    return {"id": "0123456789abcdef", "tags": tags, "cpu": 256, "memory": 512, "peak_memory_mib": 101.5, **changes}


@pytest.fixture
def run(server: AirflowServer, airflow: Airflow) -> DagRun:
    server.runs["r"] = answers.run("flights", "r", "success", {})
    return DagRun(airflow, "flights", "r", created=True)


def rows(run: DagRun, fargate: dict[tuple[str, str, str], dict[str, Any]]) -> list[list[str]]:
    run.refresh()
    table = demo.table(run, fargate)
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]  # type: ignore[arg-type]


def test_a_row_of_each_task(server: AirflowServer, run: DagRun) -> None:
    server.tasks = [
        answers.task("list_small", "success", start_date="2026-11-21T06:00:00Z"),
        answers.task(
            *("load_small", "success", 2, "UA · United"),
            executor="FargateExecutor",
            duration=7.06,
            start_date="2026-11-21T06:00:05Z",
        ),
    ]
    assert rows(run, {("load_small", "2", "1"): ran("load_small", "2")}) == [
        ["list_small", "", "local", "", "", "success", "12.3", "", "task_id=list_small/attempt=1.log"],
        [
            *("load_small", "UA · United", "Fargate", "0.25 vCPU, 0.5 GB", "0123456789ab", "success", "7.1", "102"),
            "task_id=load_small/map_index=2/attempt=1.log",
        ],
    ]


def test_a_task_that_never_began(server: AirflowServer, run: DagRun) -> None:
    server.tasks = [answers.task("load", None, 0, executor="FargateExecutor")]
    assert rows(run, {}) == [["load", "0", "Fargate", "", "", "none", "", "", ""]]


def test_a_task_that_took_no_time(server: AirflowServer, run: DagRun) -> None:
    server.tasks = [answers.task("empty", "success", duration=0.0)]
    assert rows(run, {}) == [["empty", "", "local", "", "", "success", "0.0", "", "task_id=empty/attempt=1.log"]]


def test_a_container_that_was_not_measured(server: AirflowServer, run: DagRun) -> None:
    server.tasks = [answers.task("load", "failed", executor="FargateExecutor")]
    [row] = rows(run, {("load", "-1", "1"): ran("load", peak_memory_mib=None)})
    assert row[3:8] == ["0.25 vCPU, 0.5 GB", "0123456789ab", "failed", "12.3", ""]


def test_each_try_is_joined_with_its_own_container(server: AirflowServer, run: DagRun) -> None:
    server.tasks = [answers.task("load", "success", executor="FargateExecutor", try_number=2)]
    fargate = {("load", "-1", "1"): ran("load", id="first"), ("load", "-1", "2"): ran("load", id="second")}
    assert rows(run, fargate)[0][4] == "second"


def test_the_title_says_where_the_logs_are(run: DagRun) -> None:
    assert demo.table(run, {}).title == "flights r, logs in s3://airflow-logs/airflow/dag_id=flights/run_id=r/"


def test_of_the_emulators_tasks_those_of_the_run_count(run: DagRun) -> None:
    other = ran("load")
    other["tags"] = {**other["tags"], "run_id": "another"}
    tasks = [ran("load"), other, {**ran("foreign"), "tags": {}}]
    with patch("urllib.request.OpenerDirector.open", return_value=io.BytesIO(json.dumps(tasks).encode())) as asked:
        assert demo.fargate_tasks(LAYOUT, run) == {("load", "-1", "1"): ran("load")}
    assert asked.call_args.args == ("http://127.0.0.1:4566/_fargate/tasks",)


def test_the_emulator_is_asked_without_a_proxy(server: AirflowServer, run: DagRun, proxy: AirflowServer) -> None:
    server.faults.append(("GET /_fargate/tasks", (200, [])))
    layout: Any = SimpleNamespace(aws_url=server.url)
    assert demo.fargate_tasks(layout, run) == {}
    assert proxy.requests == []


def test_what_a_task_returned(server: AirflowServer, run: DagRun) -> None:
    server.xcoms["tell"] = "3 carriers, 10 flights"
    assert demo.xcom(run, "tell") == "3 carriers, 10 flights"
    assert demo.xcom(run, "another") is None


def test_what_is_shown_at_the_end(server: AirflowServer, run: DagRun, capsys: pytest.CaptureFixture[str]) -> None:
    server.tasks = [answers.task("load", "success", 0, "UA · United", executor="FargateExecutor")]
    server.xcoms["finish"] = "1 carrier, 10 flights"
    run.refresh()
    screen = Console(file=io.StringIO(), width=176)
    with (
        patch.object(demo, "fargate_tasks", return_value={}),
        patch.object(demo, "Console", side_effect=lambda **_: screen),
    ):
        demo.show(run, LAYOUT)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "UA · United" in text
    assert "result   1 carrier, 10 flights\n" in text
    assert "report   s3://airflow-lake/reports/flights.html\n" in text
    assert "UI       http://127.0.0.1:8080   user admin, password admin\n" in text
    assert f"run      success in 0.0 s: {run.url}\n" in text


@pytest.mark.parametrize(("paused", "expected"), [(True, "2026-11-21T05:59:59+00:00"), (False, None)])
def test_the_run_goes_ahead_of_the_scheduled_one(
    server: AirflowServer, airflow: Airflow, paused: bool, expected: str | None
) -> None:
    server.dags["flight_delays"] = answers.dag("flight_delays", paused=paused)
    assert demo._ahead_of_the_schedule(airflow) == expected


def test_a_problem_is_a_line_and_a_code(
    server: AirflowServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["demo"])
    layout = SimpleNamespace(airflow_url=server.url, log=Path("log"))
    monkeypatch.setattr(demo, "Layout", SimpleNamespace(read=lambda: layout))
    monkeypatch.setattr(demo, "PARSED_WITHIN_S", 0)
    monkeypatch.setattr(demo.stack, "wait", lambda *_: None)
    assert demo.main() == 4
    told = capsys.readouterr()
    assert told.err == "error: flight_delays was not parsed in 0 s, see log/dag-processor.log\n"
    server.stop()
    assert demo.main() == 7


def test_without_a_stack_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["demo"])
    monkeypatch.setenv("STACK_DIR", str(tmp_path))
    assert demo.main() == 7
    assert capsys.readouterr().err == f"\nerror: no stack runs in {tmp_path}; start it: make up\n"
