"""A run is followed through what happens to a server: deploys, restarts, ended tokens."""

import pytest

from scripts import dag_run
from scripts.airflow_api import Airflow, Exit, Problem
from scripts.dag_run import DagRun, start
from tests.scripts import answers
from tests.scripts.airflow_server import DROP, AirflowServer
from tests.scripts.conftest import Clock

LOOK = "GET .*/dagRuns/r$"


@pytest.fixture
def run(server: AirflowServer, airflow: Airflow) -> DagRun:
    return start(airflow, "flights", "r", {})


def follow(run: DagRun, timeout: float = 3600) -> list[str]:
    """Wait for a run; return the states that were seen."""
    seen: list[str] = []
    run.wait(timeout, lambda state, _: seen.append(state))
    return seen


def problem(run: DagRun, timeout: float = 3600) -> tuple[Exit, str]:
    with pytest.raises(Problem) as failed:
        follow(run, timeout)
    return failed.value.code, str(failed.value)


def test_a_run_is_followed_to_its_end(server: AirflowServer, run: DagRun, clock: Clock) -> None:
    server.states = ["queued", "running", "failed"]
    assert follow(run) == ["queued", "running", "failed"]
    assert (run.state, run.seconds) == ("failed", 2.0)


def test_what_is_seen_are_the_tasks(server: AirflowServer, run: DagRun) -> None:
    server.tasks = [answers.task("load", "success", 0, "UA"), answers.task("load", None, 1)]
    looks = []
    run.wait(10, lambda _, tasks: looks.append([(task.task_id, task.rendered_map_index, task.state) for task in tasks]))
    assert looks == [[("load", "UA", "success"), ("load", None, None)]]


def test_an_ended_token_is_renewed_in_the_middle(server: AirflowServer, run: DagRun, clock: Clock) -> None:
    server.states = ["running"] * 5 + ["success"]
    clock.at[2] = server.tokens.clear
    assert follow(run)[-1] == "success"
    assert len(server.asked("/auth/token")) == 2


@pytest.mark.parametrize("reply", [(500, {"detail": "x"}), (502, b"<html>"), (503, b""), DROP])
def test_errors_of_a_restart_are_survived(server: AirflowServer, run: DagRun, reply: object) -> None:
    server.faults += [(LOOK, reply)] * 20  # type: ignore[list-item]
    states = follow(run)
    assert states[-1] == "success"
    assert "queued" in states  # the last that was known, while nothing is


def test_a_server_that_is_away_for_a_while_is_survived(server: AirflowServer, run: DagRun, clock: Clock) -> None:
    server.states = ["running"] * 10 + ["success"]
    clock.at[3] = server.stop
    clock.at[90] = server.start
    assert follow(run)[-1] == "success"
    assert clock.now - 1000 > 90


def test_a_login_that_fails_while_the_server_comes_back_is_survived(server: AirflowServer, run: DagRun) -> None:
    server.faults += [
        (LOOK, (401, {"detail": "ended"})),
        ("/auth/token", (503, b"")),
        (LOOK, (401, {"detail": "ended"})),
    ]
    assert follow(run)[-1] == "success"


def test_a_server_that_stays_away_is_a_problem(server: AirflowServer, run: DagRun, clock: Clock) -> None:
    server.stop()
    code, message = problem(run)
    assert code == Exit.UNREACHABLE
    assert message.startswith(f"no answer for 120 s: {server.url} cannot be reached: ")
    assert 1120 < clock.now < 1125


def test_errors_that_do_not_end_are_a_problem(server: AirflowServer, run: DagRun) -> None:
    server.faults += [(LOOK, (503, {"detail": "down"}))] * 500
    assert problem(run) == (Exit.UNREACHABLE, "no answer for 120 s: 503 Service Unavailable")


def test_an_outage_counts_from_the_last_answer(server: AirflowServer, run: DagRun, clock: Clock) -> None:
    server.states = ["running"] * 30 + ["success"]
    for moment in (10, 100):  # 80 s of errors each, together more than is borne at once
        clock.at[moment] = lambda: server.faults.extend([(LOOK, (503, b""))] * 80)
    assert follow(run)[-1] == "success"
    assert clock.now - 1000 > dag_run.OUTAGE_S + 60


def test_a_password_that_changed_is_told_at_once(server: AirflowServer, run: DagRun, clock: Clock) -> None:
    server.states = ["running"]
    server.password = "another"
    clock.at[5] = server.tokens.clear
    assert problem(run) == (Exit.LOGIN, f"{server.url} refuses the user 'admin' with this password")
    assert clock.now == 1005


def test_the_timeout_holds_while_the_server_is_away(server: AirflowServer, run: DagRun, clock: Clock) -> None:
    server.faults += [(LOOK, (503, b""))] * 500
    assert problem(run, timeout=30)[0] == Exit.TIMEOUT
    assert clock.now == 1031


def test_a_run_after_is_sent_with_its_zone(server: AirflowServer, airflow: Airflow) -> None:
    start(airflow, "flights", "r", {}, run_after="2026-11-21T06:00:00+09:00")
    assert server.asked("POST .*/dagRuns")[0]["run_after"] == "2026-11-21T06:00:00+09:00"


def test_a_lost_answer_to_the_start_is_no_second_run(server: AirflowServer, airflow: Airflow) -> None:
    server.faults.append(("POST .*/dagRuns", DROP))
    with pytest.raises(Problem) as failed:
        start(airflow, "flights", "r", {})
    assert failed.value.code == Exit.UNREACHABLE
    server.runs["r"] = answers.run("flights", "r", "running", {})  # it had started after all
    server.states = ["running"]
    again = start(airflow, "flights", "r", {})
    assert (again.created, again.state) == (False, "running")


def test_a_stored_run_without_a_conf_is_one_with_an_empty_conf(server: AirflowServer, airflow: Airflow) -> None:
    server.runs["r"] = answers.run("flights", "r", "success", {}) | {"conf": None}
    assert start(airflow, "flights", "r", {}).created is False


def test_the_address_of_a_run_is_quoted(airflow: Airflow) -> None:
    run = DagRun(airflow, "flights", "manual__2026-01-01T00:00:00+09:00", created=True)
    assert run.url == f"{airflow.url}/dags/flights/runs/manual__2026-01-01T00%3A00%3A00%2B09%3A00"
