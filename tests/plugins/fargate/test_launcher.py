"""The launcher's threads: order, holding, stopping, and what they say meanwhile."""

import json
import time
from typing import Any

import pytest

from fargate.answers import Kind
from fargate.quota import Quota
from fargate.releases import record as records
from tests.plugins.fargate.cloud import Cloud, error, eventually
from tests.plugins.fargate.launches import LIMIT, kinds, launch, raising
from tests.plugins.fargate.releases.conftest import A, B, record


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


def test_calls_that_wait_do_so_with_jitter(make: Any, cloud: Cloud) -> None:
    """Those that failed together are not made together again."""
    launcher, launches = make(threads=4), [launch(number) for number in range(40)]
    begun = time.time()
    for entry in launches:
        launcher.submit(entry, delay=0.6)
    kinds(launcher, 40)
    waited = sorted(entry.called_at - begun for entry in launches)
    assert waited[0] >= 0.3  # half of the delay; by chance alone, 1 in 1e12 runs has all within a third of it
    assert waited[-1] - waited[0] > 0.2


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


def payload(cloud: Cloud) -> Any:
    [body] = cloud.s3.objects.values()
    return json.loads(body)


@pytest.mark.parametrize(("recent_s", "tokens"), [(0.0, [1, 2, 3]), (240.0, [1, 1, 1])], ids=["long ago", "just now"])
def test_who_waits_for_long_has_a_payload_with_a_fresh_token(
    make: Any, cloud: Cloud, recent_s: float, tokens: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token holds for ten minutes; a launch may wait for hours."""
    monkeypatch.setattr("fargate.launcher.RECENT_S", recent_s)
    monkeypatch.setattr("fargate.launcher.AGAIN_S", {Kind.AT_LIMIT: 0.05})
    found: list[Any] = []

    def fault(_: Any) -> None:
        found.append(payload(cloud))
        raise LIMIT

    cloud.ecs.faults += [fault] * 2
    cloud.ecs.afterwards += [lambda _: found.append(payload(cloud))]
    launcher = make()
    launcher.submit(launch(1))
    assert kinds(launcher, 1) == [Kind.STARTED]
    assert [body["workload"]["token"] for body in found] == [f"token {n}" for n in tokens]
    assert [body["request"] for body in found] == cloud.ecs.calls  # the request stays the same
    assert cloud.ecs.calls == [cloud.ecs.calls[0]] * 3


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
