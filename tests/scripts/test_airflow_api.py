"""The session with the server: login, a token that ends, pages, and what is said when something fails."""

import json
import socket

import pytest
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.exceptions import ApiException, NotFoundException

from scripts import airflow_api
from scripts.airflow_api import Airflow, Exit, Problem, detail, tell
from tests.scripts import answers
from tests.scripts.airflow_server import DROP, AirflowServer


def problem(url: str, password: str = "admin") -> tuple[Exit, str]:
    with pytest.raises(Problem) as failed:
        Airflow(url, "admin", password)
    return failed.value.code, str(failed.value).replace(url, "URL")


def test_the_exit_codes_are_those_of_the_documentation() -> None:
    from scripts import trigger

    assert [code.value for code in Exit] == list(range(11))
    for words in (
        "2 wrong usage",
        "4 unknown DAG",
        "5 paused DAG",
        "6 conf refused",
        "7 server not reached",
        "10 another",
    ):
        assert words in " ".join((trigger.__doc__ or "").split())


def test_a_session_logs_in_once(server: AirflowServer, airflow: Airflow) -> None:
    api = DAGApi(airflow.client)
    assert [airflow.call(api.get_dag, "flights").dag_id for _ in range(2)] == ["flights", "flights"]
    assert server.asked("/auth/token") == [{"username": "admin", "password": "admin"}]


def test_an_ended_token_is_renewed_once_and_the_call_repeated(server: AirflowServer, airflow: Airflow) -> None:
    server.tokens.clear()
    assert airflow.call(DAGApi(airflow.client).get_dag, "flights").dag_id == "flights"
    assert len(server.asked("/auth/token")) == 2
    assert len(server.asked("GET /api/v2/dags/flights")) == 2


def test_a_server_that_refuses_its_own_token_is_a_problem(server: AirflowServer, airflow: Airflow) -> None:
    server.faults += [("GET", (401, {"detail": "no"}))] * 2
    with pytest.raises(Problem) as failed:
        airflow.call(DAGApi(airflow.client).get_dag, "flights")
    assert (failed.value.code, str(failed.value)) == (Exit.LOGIN, f"{server.url} does not take its own token")


def test_other_answers_are_the_callers(airflow: Airflow) -> None:
    with pytest.raises(NotFoundException):
        airflow.call(DAGApi(airflow.client).get_dag, "no_such_dag")


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_refused_login(server: AirflowServer, status: int) -> None:
    server.faults.append(("/auth/token", (status, {"detail": "no"})))
    assert problem(server.url) == (Exit.LOGIN, "URL refuses the user 'admin' with this password")


@pytest.mark.parametrize("status", [404, 405, 500])
def test_what_is_no_airflow(server: AirflowServer, status: int) -> None:
    server.faults.append(("/auth/token", (status, b"<html>")))
    assert problem(server.url) == (Exit.API, f"URL/auth/token answered {status}: is this an Airflow 3 api-server?")


def test_a_server_that_does_not_run(server: AirflowServer) -> None:
    server.stop()
    code, message = problem(server.url)
    assert code == Exit.UNREACHABLE
    assert message.startswith("URL cannot be reached: ")
    assert message.endswith("[Errno 111] Connection refused. Does the api-server run there?")


def test_a_server_that_is_silent(server: AirflowServer, airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_api, "ANSWER_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        airflow.client.configuration.host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Problem, match=r"cannot be reached: .*timed out") as failed:
            airflow.call(DAGApi(airflow.client).get_dag, "flights")
    assert failed.value.code == Exit.UNREACHABLE


def test_a_hung_up_call_is_repeated(server: AirflowServer, airflow: Airflow) -> None:
    server.faults += [("GET", DROP)] * 2
    assert airflow.call(DAGApi(airflow.client).get_dag, "flights").dag_id == "flights"
    assert len(server.asked("GET")) == 3


def test_a_server_on_this_machine_is_reached_without_a_proxy(server: AirflowServer, proxy: AirflowServer) -> None:
    airflow = Airflow(server.url, "admin", "admin")
    assert airflow.call(DAGApi(airflow.client).get_dag, "flights").dag_id == "flights"
    assert proxy.requests == []


def test_another_server_is_reached_by_the_proxy(proxy: AirflowServer) -> None:
    """Login and calls both."""
    airflow = Airflow("http://airflow.example", "admin", "admin")
    assert airflow.call(DAGApi(airflow.client).get_dag, "flights").dag_id == "flights"
    assert [line for line, _ in proxy.requests] == ["POST /auth/token", "GET /api/v2/dags/flights"]


def test_the_exceptions_of_the_environment_hold(proxy: AirflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "airflow.example")
    with pytest.raises(Problem):
        Airflow("http://airflow.example", "admin", "admin")
    assert proxy.requests == []


def test_lists_are_read_to_their_last_page(server: AirflowServer, airflow: Airflow) -> None:
    server.tasks = [answers.task("load", "success", index) for index in range(250)]
    api = TaskInstanceApi(airflow.client)
    server.runs["r"] = answers.run("flights", "r", "success", {})
    found = airflow.all(api.get_task_instances, "task_instances", "flights", "r")
    assert [task.map_index for task in found] == list(range(250))
    assert len(server.asked("taskInstances")) == 3


def test_a_list_that_shrinks_while_it_is_read_ends(server: AirflowServer, airflow: Airflow) -> None:
    server.faults += [("taskInstances", (200, {"task_instances": [], "total_entries": 5}))]
    assert airflow.all(TaskInstanceApi(airflow.client).get_task_instances, "task_instances", "flights", "r") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"detail": "Invalid input\\nthe schema, again"}', "Invalid input"),
        ('{"detail": [{"loc": ["body"], "msg": "wrong"}]}', '[{"loc": ["body"], "msg": "wrong"}]'),
        ('{"detail": {"reason": "Unique"}}', '{"reason": "Unique"}'),
        ("<html>\nBad gateway", "<html>"),
        ('["a list"]', '["a list"]'),
        (None, "Bad Gateway"),
    ],
)
def test_the_detail_of_a_refusal_is_a_line(body: str | None, expected: str) -> None:
    assert detail(ApiException(status=502, reason="Bad Gateway", body=body)) == expected


def test_an_error_is_told_in_a_line_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(Problem(Exit.PAUSED, "it is paused")) == Exit.PAUSED
    assert tell(ApiException(status=403, reason="Forbidden", body=json.dumps({"detail": "Forbidden"}))) == Exit.API
    assert capsys.readouterr().err == "error: it is paused\nerror: the server answered 403: Forbidden\n"
