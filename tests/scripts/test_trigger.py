"""scripts/trigger from the command line to its exit code, against a server on loopback."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.layout import ROOT
from tests.scripts import answers
from tests.scripts.airflow_server import AirflowServer
from tests.scripts.conftest import Said

RUN = "rest__44136fa355b3"  # made from an empty conf
STARTED = f"flights {RUN} started: URL/dags/flights/runs/{RUN}\n"
Trigger = Callable[..., Said]


def test_started(run_trigger: Trigger, server: AirflowServer) -> None:
    assert run_trigger("flights") == Said(0, STARTED, "")
    [body] = server.asked("POST .*/dagRuns")
    assert body == {"dag_run_id": RUN, "conf": {}, "logical_date": None}


def test_the_conf_and_the_time_are_sent(run_trigger: Trigger, server: AirflowServer) -> None:
    said = run_trigger("flights", 'carriers=["UA"]', "--conf", '{"force": true}', "--key", "day",
                       "--run-after", "2026-11-21T06:00:00+09:00")  # fmt: skip
    assert said.code == 0
    [body] = server.asked("POST .*/dagRuns")
    assert body["conf"] == {"force": True, "carriers": ["UA"]}
    assert body["dag_run_id"].startswith("rest__day__")
    assert body["run_after"] == "2026-11-21T06:00:00+09:00"


def test_a_run_id_of_ones_own(run_trigger: Trigger, server: AirflowServer) -> None:
    assert run_trigger("flights", "--run-id", "a+b").out == "flights a+b started: URL/dags/flights/runs/a%2Bb\n"
    assert list(server.runs) == ["a+b"]


def test_the_conf_comes_from_stdin(
    run_trigger: Trigger, server: AirflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"force": true}'))
    assert run_trigger("flights", "--conf-file", "-").code == 0
    assert server.asked("POST .*/dagRuns")[0]["conf"] == {"force": True}


def test_waited_for(run_trigger: Trigger, server: AirflowServer) -> None:
    server.states = ["queued", "running", "running", "success"]
    server.tasks = [answers.task("list_new", "success"), answers.task("load", "success", 0, "UA · United")]
    said = run_trigger("flights", "--wait")
    assert (said.code, said.out) == (0, STARTED)
    assert "load UA · United: success\n" in said.err
    assert said.err.endswith("success after S s\n")
    assert len(server.asked(f"GET .*/dagRuns/{RUN}$")) == 4


def test_a_failed_run_lists_its_failed_tasks_with_the_ends_of_their_logs(
    run_trigger: Trigger, server: AirflowServer
) -> None:
    server.states = ["failed"]
    server.tasks = [
        answers.task("load", "success", 0, "UA · United"),
        answers.task("load", "failed", 1, "B6 · JetBlue", try_number=2),
        answers.task("load", "failed", 2),
        answers.task("check", "upstream_failed"),
        answers.task("tell", "failed"),
    ]
    server.logs = {
        ("load", 1): [{"event": "::group::Log message source"}, {"event": "one"}, {"event": "two", "error_detail": [
            {"exc_type": "BadData", "exc_value": "3 rows are missing", "frames": []}]}],
        ("tell", -1): ["plain text\nof two lines"],
    }  # fmt: skip
    said = run_trigger("flights", "--wait")
    assert said.code == 1
    assert said.err.partition("failed after S s\n")[2] == (
        "\nfailed: load B6 · JetBlue (try 2)\n    one\n    two\n    BadData: 3 rows are missing\n"
        "\nfailed: load 2 (try 1)\n    the log cannot be read: 404 TaskInstance not found\n"
        "\nfailed: tell (try 1)\n    plain text\n    of two lines\n"
    )


def test_json_is_the_run_with_its_tasks(run_trigger: Trigger, server: AirflowServer) -> None:
    server.tasks = [answers.task("load", "success", 0, "UA · United", executor="FargateExecutor")]
    said = run_trigger("flights", "--wait", "--json")
    assert said.code == 0
    assert STARTED in said.err
    task = {
        **{"task_id": "load", "map_index": 0, "state": "success", "try_number": 1, "executor": "FargateExecutor"},
        **{"duration": 12.34, "start_date": "2026-11-21 06:00:00+00:00", "end_date": None, "label": "UA · United"},
    }
    assert json.loads(said.out) == {
        **{"dag_id": "flights", "run_id": RUN, "created": True, "state": "success"},
        **{"url": f"URL/dags/flights/runs/{RUN}", "tasks": [task]},
    }


def test_json_of_a_failed_run_has_its_state_and_its_code(run_trigger: Trigger, server: AirflowServer) -> None:
    server.states = ["failed"]
    said = run_trigger("flights", "--wait", "--json")
    assert (said.code, json.loads(said.out)["state"]) == (1, "failed")


def test_json_without_waiting(run_trigger: Trigger) -> None:
    said = run_trigger("flights", "--json")
    assert (json.loads(said.out)["state"], json.loads(said.out)["tasks"]) == ("queued", [])


def test_the_command_itself(server: AirflowServer) -> None:
    environment = {**os.environ, "AIRFLOW_URL": server.url, "AIRFLOW_PASSWORD": "wrong"}
    command = [str(ROOT / "scripts" / "trigger"), "flights"]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (8, "")
    assert done.stderr == f"error: {server.url} refuses the user 'admin' with this password\n"


def test_its_help(run_trigger: Trigger) -> None:
    said = run_trigger("-h")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("usage: scripts/trigger ")
    assert "exit codes: 0 started (with --wait: succeeded), 1 the run failed" in said.out
    assert f"usage: {Path(sys.argv[0]).name}" not in said.out
