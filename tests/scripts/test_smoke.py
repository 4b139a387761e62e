"""What scripts/smoke says of a server, and with which exit code; tests/e2e/test_smoke.py has a real one."""

import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from scripts import fargate_tasks, smoke, smoke_checks
from tests.scripts import airflow_server, answers
from tests.scripts.airflow_server import AirflowServer
from tests.scripts.conftest import Clock, Said

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
IN_S3 = [{"event": "::group::Log message source details"}, {"event": "s3://logs/a.log"}, {"event": "::endgroup::"}]
Smoke = Callable[..., Said]


@pytest.fixture
def run_smoke(
    server: AirflowServer, clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Smoke:
    """A function that runs scripts/smoke against a server on which everything is well."""
    server.dags["smoke"] = answers.dag("smoke")
    server.tasks = [answers.task("here", "success"), answers.task("there", "success", 0, "first place")]
    server.logs = {("here", -1): IN_S3, ("there", 0): IN_S3}
    monkeypatch.setattr(smoke_checks, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    monkeypatch.setenv("AIRFLOW_PASSWORD", "admin")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    def call(*arguments: str) -> Said:
        try:
            code = smoke.main([server.url, *arguments])
        except SystemExit as left:  # argparse
            code = int(left.code or 0)
        return Said(int(code), *(text.replace(server.url, "URL") for text in capsys.readouterr()))

    return call


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The images that ECS tells, by task."""
    found = {"0a1b": DIGEST}
    monkeypatch.setattr(smoke_checks, "ran", lambda *_: found)
    monkeypatch.setattr(smoke, "boto3", SimpleNamespace(client=lambda *_, **__: None))
    return found


def test_all_is_well(run_smoke: Smoke, server: AirflowServer) -> None:
    said = run_smoke()
    assert said.code == 0, said.err
    assert "  tasks    here, there first place\n  release  none\n" in said.out
    assert "==> URL works: 2 tasks in " in said.out
    [body] = server.asked("POST .*/dagRuns")
    assert body["dag_run_id"].startswith("smoke__")


def test_the_release_and_the_image(run_smoke: Smoke, server: AirflowServer, ecs: dict[str, str]) -> None:
    server.release = "0123abcd-aaaaaaaa"
    said = run_smoke("--digest", DIGEST, "--cluster", "c", "--region", "r")
    assert said.code == 0, said.err
    assert f"  release  0123abcd-aaaaaaaa\n  images   {DIGEST}: 1 Fargate tasks\n" in said.out


def test_another_release(run_smoke: Smoke, server: AirflowServer, ecs: dict[str, str]) -> None:
    server.release = "0123abcd-bbbbbbbb"
    said = run_smoke("--digest", DIGEST, "--cluster", "c", "--region", "r")
    assert said.code == 13
    assert f"is pinned to 0123abcd-bbbbbbbb, and not to a release of {DIGEST}" in said.err


def test_no_release(run_smoke: Smoke, ecs: dict[str, str]) -> None:
    said = run_smoke("--digest", DIGEST, "--cluster", "c", "--region", "r")
    assert said.code == 13
    assert "is pinned to none: FARGATE_RELEASE is not set" in said.err


@pytest.mark.parametrize(
    ("image", "words"), [(OTHER, f"ran {OTHER}, not {DIGEST}"), ("", "ran an image that ECS tells nothing of, not")]
)
def test_another_image(run_smoke: Smoke, server: AirflowServer, ecs: dict[str, str], image: str, words: str) -> None:
    server.release = "0123abcd-aaaaaaaa"
    ecs["2c3d"] = image
    said = run_smoke("--digest", DIGEST, "--cluster", "c", "--region", "r")
    assert said.code == 14
    assert f"the Fargate task 2c3d {words}" in said.err
    assert "0a1b" not in said.err


def test_no_task_on_fargate(run_smoke: Smoke, ecs: dict[str, str]) -> None:
    ecs.clear()
    said = run_smoke("--cluster", "c", "--region", "r")
    assert said.code == 14
    assert "ECS knows no task of smoke__" in said.err


def test_a_mapped_task_without_a_label(run_smoke: Smoke, server: AirflowServer) -> None:
    server.tasks[1] = answers.task("there", "success", 0, "0")
    said = run_smoke()
    assert (said.code, said.err.splitlines()[-1]) == (
        11, "error: there[0] has no label: is its map_index_template right?"
    )  # fmt: skip


def test_no_mapped_task(run_smoke: Smoke, server: AirflowServer) -> None:
    del server.tasks[1]
    assert run_smoke().code == 11


@pytest.mark.parametrize(
    ("log", "where"),
    [
        (None, "nowhere (404 TaskInstance not found)"),
        ([{"event": "hello"}], "nowhere"),
        (
            [{"event": "::group::x"}, {"event": "/logs/a.log"}, {"event": "::endgroup::"}],
            "/logs/a.log",
        ),
    ],
)
def test_a_log_that_is_not_in_s3(run_smoke: Smoke, server: AirflowServer, log: Any, where: str) -> None:
    server.logs["there", 0] = log
    said = run_smoke()
    assert said.code == 12
    assert said.err.splitlines()[-1] == f"error: the log of there[0] is not in S3: it is read from {where}"


def test_a_log_may_come_a_moment_later(run_smoke: Smoke, server: AirflowServer, clock: Clock) -> None:
    server.logs["there", 0] = [{"event": "hello"}]
    clock.at[10] = lambda: server.logs.update({("there", 0): IN_S3})
    assert run_smoke().code == 0


def test_a_run_that_failed(run_smoke: Smoke, server: AirflowServer) -> None:
    server.states, server.tasks[0] = ["failed"], answers.task("here", "failed")
    server.logs["here", -1] = [{"event": "boom"}]
    said = run_smoke()
    assert said.code == 1
    assert "error: the run is failed after" in said.err
    assert "failed: here (try 1)\n    boom" in said.err


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda server: server.stop(), 7, "cannot be reached"),
        (lambda server: setattr(server, "password", "x"), 8, "refuses the user 'rest'"),
        (lambda server: server.dags.pop("smoke"), 4, "there is no DAG 'smoke'"),
        (lambda server: setattr(server, "states", ["running"]), 3, "is still running after 600 s"),
    ],
)
def test_what_is_wrong_with_the_server(
    run_smoke: Smoke, server: AirflowServer, change: Callable[[AirflowServer], Any], code: int, words: str
) -> None:
    change(server)
    said = run_smoke()
    assert said.code == code
    assert words in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--digest", "latest"], "'latest' is no digest: sha256: and 64 hexadecimal digits"),
        (["--digest", DIGEST], "--digest needs --cluster"),
        (["--cluster", "c"], "--cluster needs --region"),
        (["--resolve", "x"], "'x' is not of the form NAME=ADDRESS"),
    ],
)
def test_wrong_usage(run_smoke: Smoke, arguments: list[str], words: str) -> None:
    said = run_smoke(*arguments)
    assert said.code == 2
    assert words in said.err


def test_a_password_has_to_be_there(run_smoke: Smoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_PASSWORD")
    said = run_smoke()
    assert said.code == 2
    assert "AIRFLOW_PASSWORD is not set: the password of rest" in said.err


def test_a_name_can_be_elsewhere() -> None:
    before = socket.getaddrinfo
    with smoke.resolved(("airflow.example.com", "127.0.0.1")):
        assert socket.getaddrinfo("airflow.example.com", 443)[0][4][0] == "127.0.0.1"
    assert socket.getaddrinfo is before


PARTS = {part: {"status": "healthy"} for part in smoke_checks.PARTS}


Health = Callable[..., None]


@pytest.fixture
def health(monkeypatch: pytest.MonkeyPatch) -> Health:
    """A function that lets the health page, to those who are logged in, say this one look after the other."""

    def says(*pages: dict[str, Any]) -> None:
        looks = list(pages)

        def page(*_: Any, **__: Any) -> Any:
            return 200, looks.pop(0) if len(looks) > 1 else looks[0]

        monkeypatch.setitem(airflow_server.ROUTES, "GET /api/v2/monitor/health", page)

    return says


def test_its_health_is_looked_at_for_a_while(
    run_smoke: Smoke, server: AirflowServer, clock: Clock, health: Health
) -> None:
    health(PARTS)
    before = clock.now
    assert run_smoke("--watch", "60").code == 0
    assert clock.now >= before + 60
    assert len(server.asked("GET .*/monitor/health")) == 12


def test_what_stays_unhealthy(run_smoke: Smoke, health: Health) -> None:
    health(PARTS, PARTS | {"scheduler": {"status": "unhealthy"}, "triggerer": {"status": None}})
    said = run_smoke("--watch", "60")
    assert said.code == 15
    assert "error: unhealthy: scheduler is unhealthy, triggerer is away" in said.err


def test_one_bad_look_is_no_reason(run_smoke: Smoke, health: Health) -> None:
    health(PARTS | {"scheduler": {"status": "unhealthy"}}, PARTS)
    assert run_smoke("--watch", "60").code == 0


class Ecs:
    """An ECS with one task, which stops as soon as somebody has listed tasks of the status it had."""

    def __init__(self) -> None:
        self.status = "RUNNING"

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, *, desiredStatus: str, **_: Any) -> list[dict[str, Any]]:
        there = desiredStatus == self.status
        self.status = "STOPPED"
        return [{"taskArns": ["a"] if there else []}]

    def describe_tasks(self, *, tasks: list[str], **_: Any) -> dict[str, Any]:
        tags = [{"key": "dag_id", "value": "smoke"}, {"key": "run_id", "value": "run"}]
        return {"tasks": [{"taskArn": arn, "tags": tags, "containers": []} for arn in tasks]}


def test_a_task_that_stops_meanwhile_is_seen_once() -> None:
    assert [task["taskArn"] for task in fargate_tasks.of_run(Ecs(), "c", "smoke", "run")] == ["a"]
    assert fargate_tasks.of_run(Ecs(), "c", "smoke", "another") == []


def test_the_images_of_tasks() -> None:
    tasks: list[dict[str, Any]] = [
        {"taskArn": "arn:aws:ecs:r:1:task/c/0a1b", "containers": [{"imageDigest": DIGEST}]},
        {"taskArn": "arn:aws:ecs:r:1:task/c/2c3d", "containers": [{}]},
    ]
    assert fargate_tasks.digests(tasks) == {"0a1b": DIGEST, "2c3d": ""}
