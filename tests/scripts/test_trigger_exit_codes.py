"""What scripts/trigger says, and with which exit code it ends, when something is not as it should be."""

import json
from collections.abc import Callable

import pytest

from tests.scripts import answers
from tests.scripts.airflow_server import AirflowServer
from tests.scripts.conftest import Clock, Said
from tests.scripts.test_trigger import RUN, STARTED

Trigger = Callable[..., Said]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["flights", "carriers"], "'carriers' is not of the form name=value"),
        (["flights", "--conf", "[]"], "--conf is a JSON list; a conf is an object such as {}"),
        (["flights", "--key", "a b"], "--key 'a b': letters, digits and _.~:+- are allowed"),
        (
            ["flights", "--run-after", "2026-11-21T06:00:00"],
            "--run-after '2026-11-21T06:00:00' is not a time with its zone, as 2026-11-21T06:00:00+09:00 is",
        ),
        (
            ["flights", "--run-after", "soon"],
            "--run-after 'soon' is not a time with its zone, as 2026-11-21T06:00:00+09:00 is",
        ),
    ],
)
def test_wrong_usage(run_trigger: Trigger, server: AirflowServer, arguments: list[str], message: str) -> None:
    assert run_trigger(*arguments) == Said(2, "", f"error: {message}\n")
    assert server.runs == {}


@pytest.mark.parametrize("arguments", [[], ["flights", "--no-such-option"], ["flights", "--timeout", "soon"]])
def test_wrong_options(run_trigger: Trigger, arguments: list[str]) -> None:
    said = run_trigger(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("usage: scripts/trigger ")


def test_out_of_time(run_trigger: Trigger, server: AirflowServer) -> None:
    server.states = ["running"]
    said = run_trigger("flights", "--wait", "--timeout", "5")
    assert said == Said(3, STARTED, f"error: {RUN} is still running after 5 s: URL/dags/flights/runs/{RUN}\n")
    assert len(server.asked(f"GET .*/dagRuns/{RUN}$")) == 7


def test_unknown_dag(run_trigger: Trigger, server: AirflowServer) -> None:
    server.dags["another"] = answers.dag("another")
    expected = "error: there is no DAG 'flihgts' at URL; there are another, flights\n"
    assert run_trigger("flihgts") == Said(4, "", expected)
    server.dags.clear()
    assert run_trigger("flights") == Said(4, "", "error: there is no DAG 'flights' at URL; there is none at all\n")


def test_a_dag_that_is_listed_and_not_ready(
    run_trigger: Trigger, server: AirflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_client.client.api.dag_api import DAGApi
    from airflow_client.client.exceptions import NotFoundException

    def not_yet(*_: object, **__: object) -> None:
        raise NotFoundException(status=404)

    monkeypatch.setattr(DAGApi, "get_dag_details", not_yet)
    said = run_trigger("flights")
    assert (said.code, said.out) == (4, "")
    assert "the DAG 'flights' was parsed a moment ago and cannot be started yet: try again" in said.err


def test_paused(run_trigger: Trigger, server: AirflowServer) -> None:
    server.dags["flights"]["is_paused"] = True
    expected = "error: flights is paused, so the run would wait: unpause it in the UI, or with --unpause\n"
    assert run_trigger("flights") == Said(5, "", expected)
    assert server.runs == {}


def test_unpaused_after_the_run_is_queued(run_trigger: Trigger, server: AirflowServer) -> None:
    server.dags["flights"]["is_paused"] = True
    assert run_trigger("flights", "--unpause") == Said(0, STARTED, "")
    lines = [line for line, _ in server.requests if not line.startswith("GET")]
    assert lines == ["POST /auth/token", "POST /api/v2/dags/flights/dagRuns", "PATCH /api/v2/dags/flights"]
    assert server.asked("PATCH") == [{"is_paused": False}]


def test_what_is_not_paused_is_not_unpaused(run_trigger: Trigger, server: AirflowServer) -> None:
    assert run_trigger("flights", "--unpause").code == 0
    assert server.asked("PATCH") == []


@pytest.mark.parametrize("status", [400, 422])
def test_a_conf_that_the_server_refuses(run_trigger: Trigger, server: AirflowServer, status: int) -> None:
    reply = {"detail": "Invalid input for param carriers: 7 is not of type 'array'\n\nFailed validating ..."}
    server.faults.append(("POST .*/dagRuns", (status, reply)))
    expected = "error: flights refuses this conf: Invalid input for param carriers: 7 is not of type 'array'\n"
    assert run_trigger("flights", "carriers=7") == Said(6, "", expected)


def test_a_name_that_no_param_has(run_trigger: Trigger, server: AirflowServer) -> None:
    expected = "error: flights has no parameter carrier, froce; it has carriers, force\n"
    assert run_trigger("flights", "froce=1", "carrier=UA") == Said(6, "", expected)
    assert server.runs == {}


def test_a_dag_without_params_takes_any_name(run_trigger: Trigger, server: AirflowServer) -> None:
    server.dags["free"] = answers.dag("free", params={})
    assert run_trigger("free", "anything=1").code == 0


def test_unreachable(run_trigger: Trigger, server: AirflowServer) -> None:
    server.stop()
    said = run_trigger("flights")
    assert (said.code, said.out) == (7, "")
    assert said.err.startswith("error: URL cannot be reached: ")
    assert said.err.count("\n") == 1


def test_login_refused(run_trigger: Trigger) -> None:
    expected = "error: URL refuses the user 'admin' with this password\n"
    assert run_trigger("flights", password="wrong") == Said(8, "", expected)


def test_the_same_again_is_the_same_run(run_trigger: Trigger, server: AirflowServer) -> None:
    run_trigger("flights", "force=true")
    said = run_trigger("flights", "force=true", "--wait", "--json")
    assert said.code == 0
    assert "was started before" in said.err
    assert json.loads(said.out)["created"] is False
    assert len(server.runs) == 1


def test_the_same_id_with_another_conf(run_trigger: Trigger) -> None:
    run_trigger("flights", "--run-id", "mine", "force=true")
    said = run_trigger("flights", "--run-id", "mine", 'carriers=["UA"]')
    both = 'stored {"force": true}, asked for {"carriers": ["UA"]}'
    assert said == Said(9, "", f"error: the run mine exists with another conf: {both}\n")


@pytest.mark.parametrize("request_line", ["GET .*/details", "POST .*/dagRuns", "PATCH", f"GET .*/dagRuns/{RUN}$"])
def test_another_answer(run_trigger: Trigger, server: AirflowServer, request_line: str) -> None:
    server.dags["flights"]["is_paused"] = True
    server.faults.append((request_line, (403, {"detail": "Forbidden"})))
    said = run_trigger("flights", "--wait", "--unpause")
    assert (said.code, said.err) == (10, "error: the server answered 403: Forbidden\n")


def test_a_run_that_is_deleted_while_it_is_followed(run_trigger: Trigger, server: AirflowServer, clock: Clock) -> None:
    server.states = ["running"]
    clock.at[3] = server.runs.clear
    said = run_trigger("flights", "--wait")
    assert said.code == 10
    assert said.err.startswith("error: the server answered 404: The DagRun with dag_id: `flights`")
