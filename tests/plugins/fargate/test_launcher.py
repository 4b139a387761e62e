"""The launcher's threads: order, holding, stopping, and what they say meanwhile."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from fargate.answers import Kind
from fargate.launch import Launch
from fargate.quota import Quota
from fargate.releases import record as records
from tests.plugins.fargate.cloud import Cloud, error, eventually
from tests.plugins.fargate.releases.conftest import A, B, record
from tests.plugins.fargate.workloads import workload

NO_LIMIT = {name: Quota(1000, 1000) for name in ("calls", "launches", "spot launches")}
BASE = {
    "cluster": "airflow",
    "taskDefinition": "airflow-worker",
    "launchType": "FARGATE",
    "overrides": {"containerOverrides": [{"name": "airflow", "command": []}]},
}
LIMIT = error("ClientException", "You've reached the limit on the number of vCPUs you can run concurrently")


def launch(number: int, release: str | None = None, config: Any = None) -> Launch:
    launch_id = f"0190aaaa-1111-7000-8000-{number:012}"
    made = workload(launch_id=launch_id)
    made.bundle_info.version = release
    return Launch(number, launch_id, made, config or {}, launch_id, {"dag_id": "d"})


@pytest.fixture
def make(cloud: Cloud) -> Iterator[Any]:
    from fargate.launcher import Launcher

    made: list[Launcher] = []

    def start(threads: int = 4, **quotas: Quota) -> Launcher:
        launcher = Launcher(cloud, BASE, "bucket", lambda _: "token", {**NO_LIMIT, **quotas}, threads)
        launcher.start()
        made.append(launcher)
        return launcher

    yield start
    for launcher in made:
        launcher.stop(1)


def kinds(launcher: Any, count: int, within: float = 5) -> list[Kind]:
    found: list[Any] = []
    eventually(lambda: found.extend(launcher.answered()) or len(found) >= count, within)
    return [answer.kind for _, answer in found]


def raising(exception: Exception) -> Any:
    def fault(_: Any) -> None:
        raise exception

    return fault


def test_launches_are_made_in_their_order(make: Any, cloud: Cloud) -> None:
    launcher = make(threads=1)
    for number in range(10):
        launcher.submit(launch(number))
    assert kinds(launcher, 10) == [Kind.STARTED] * 10
    assert [int(call["startedBy"][-12:]) for call in cloud.ecs.calls] == list(range(10))


def test_the_pace_is_that_of_the_narrower_quota(make: Any, cloud: Cloud) -> None:
    launcher = make(threads=8, launches=Quota(burst=10, rate=50))
    for number in range(28):
        launcher.submit(launch(number))
    begun = time.monotonic()
    kinds(launcher, 28)
    # 8 at once, 20 more at 49 a second
    assert time.monotonic() - begun > 20 / 50


def test_there_is_room_for_what_is_launched_soon(make: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fargate.launcher.AHEAD_S", 1.0)
    launcher = make(calls=Quota(burst=10, rate=20))
    assert launcher.room() == 30
    for number in range(60):
        launcher.submit(launch(number))
    assert launcher.room() <= 0
    launcher.submit(launch(60), delay=3600)
    kinds(launcher, 60, within=30)
    assert launcher.room() == 30  # what waits for its time takes no room


def test_at_the_limit_all_wait_and_one_line_says_so(
    make: Any, cloud: Cloud, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("WARNING", logger="fargate.launcher")
    monkeypatch.setattr("fargate.launcher.AGAIN_S", {Kind.AT_LIMIT: 0.05})
    cloud.ecs.faults += [raising(LIMIT)] * 6
    launcher = make(threads=2)
    for number in range(4):
        launcher.submit(launch(number))
    begun = time.monotonic()
    assert kinds(launcher, 4) == [Kind.STARTED] * 4
    # two threads meet the limit three times or more: they are held for 0.05, 0.1 and 0.2 s
    assert time.monotonic() - begun > 0.3
    assert len(cloud.ecs.calls) == 10
    said = [record.message for record in caplog.records if record.name == "fargate.launcher"]
    assert len(said) == 1
    assert "reached the limit on the number of vCPUs" in said[0]
    assert "tasks wait until some are free" in said[0]


def test_without_access_the_clients_are_made_anew(make: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fargate.launcher.AGAIN_S", {Kind.NO_ACCESS: 0.05})
    cloud.ecs.faults += [raising(error("ExpiredTokenException", "expired"))] * 2
    launcher = make()
    launcher.submit(launch(1))
    assert kinds(launcher, 1) == [Kind.STARTED]
    assert cloud.forgotten == 2


def test_throttling_slows_the_calls_down(make: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fargate.launcher.AGAIN_S", {Kind.THROTTLED: 0.01})
    cloud.ecs.faults.append(raising(error("ThrottlingException", "Rate exceeded")))
    launcher = make(calls=Quota(burst=20, rate=20))
    before = launcher._calls.rate
    launcher.submit(launch(1))
    assert kinds(launcher, 1) == [Kind.STARTED]
    assert 0.6 * before < launcher._calls.rate < 0.9 * before


def test_what_cannot_be_launched_is_refused_with_its_error(
    make: Any, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    launcher = make()
    broken = launch(1)
    broken.config = {"overrides": {"containerOverrides": [{"no": "name"}]}}
    launcher.submit(broken)
    [(_, answer)] = eventually(launcher.answered)
    assert (answer.kind, answer.reason) == (Kind.REFUSED, "KeyError: 'name'")
    assert "1 cannot be launched" in caplog.text
    assert cloud.ecs.calls == []


def test_a_stop_leaves_what_waits_for_its_turn(make: Any, cloud: Cloud) -> None:
    launcher = make(threads=2, calls=Quota(burst=2, rate=1))
    for number in range(5):
        launcher.submit(launch(number))
    eventually(lambda: cloud.ecs.calls)
    begun = time.monotonic()
    launcher.stop(within=1)
    assert time.monotonic() - begun < 1
    time.sleep(0.05)
    assert len(cloud.ecs.calls) == 1


def test_a_launch_that_was_revoked_is_not_made(make: Any, cloud: Cloud) -> None:
    launcher = make()
    first, second = launch(1), launch(2)
    first.revoked = True
    launcher.submit(first)
    launcher.submit(second)
    assert kinds(launcher, 1) == [Kind.STARTED]
    assert [call["startedBy"] for call in cloud.ecs.calls] == [second.launch_id]


@pytest.fixture
def recorded(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records of two releases."""
    monkeypatch.setenv("DEPLOY_BUCKET", "deploys")
    cloud.s3.objects |= {records.key(name): record(name).text().encode() for name in (A, B)}


@pytest.mark.usefixtures("recorded")
def test_a_task_runs_on_the_definition_of_its_runs_release(make: Any, cloud: Cloud) -> None:
    launcher = make(threads=1)
    own = {"taskDefinition": "with-gdal:7"}
    for number, (release, config) in enumerate([(A, {}), (B, {}), (None, {}), (A, own), (A, {})]):
        launcher.submit(launch(number, release, config))
    assert kinds(launcher, 5) == [Kind.STARTED] * 5
    of_a, of_b = (record(name).task_definition for name in (A, B))
    definitions = [call["taskDefinition"] for call in cloud.ecs.calls]
    assert definitions == [of_a, of_b, "airflow-worker", "with-gdal:7", of_a]


@pytest.mark.usefixtures("recorded")
def test_a_task_of_an_unknown_release_is_refused_once_with_what_to_do(make: Any, cloud: Cloud) -> None:
    launcher = make()
    launcher.submit(launch(1, "gone-12345678"))
    [(_, answer)] = eventually(launcher.answered)
    assert answer.kind is Kind.REFUSED
    assert answer.reason == (
        "UnknownRelease: release gone-12345678 has no record in s3://deploys/releases/gone-12345678/release.json: it "
        "was never deployed, or was removed RELEASES_KEPT_DAYS after its last run. Clear the run with 'run on latest "
        "version'"
    )
    assert cloud.ecs.calls == []


@pytest.mark.usefixtures("recorded")
def test_a_record_that_cannot_be_read_now_is_read_later(
    make: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.launcher.AGAIN_S", {Kind.NO_ACCESS: 0.05})
    read, failing = cloud.s3.get_object, [error("ExpiredToken"), error("AccessDenied")]

    def get_object(**request: str) -> Any:
        if failing:
            raise failing.pop()
        return read(**request)

    monkeypatch.setattr(cloud.s3, "get_object", get_object)
    launcher = make(threads=1)
    launcher.submit(launch(1, A))
    assert kinds(launcher, 1) == [Kind.STARTED]
    assert cloud.ecs.calls[0]["taskDefinition"] == record(A).task_definition
