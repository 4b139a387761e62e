"""On demand and Spot have a quota of launches each, and one of vCPUs: the one does not wait for the other."""

import time
from typing import Any

import pytest

from fargate.answers import Kind
from fargate.quota import Quota
from tests.plugins.fargate.cloud import Cloud, error, eventually
from tests.plugins.fargate.launches import LIMIT, SPOT, kinds, launch, raising


@pytest.fixture(autouse=True)
def _warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="fargate.launcher")


@pytest.mark.parametrize(("narrow", "wide"), [("launches", SPOT), ("spot launches", {})])
def test_on_demand_and_spot_have_a_quota_each(make: Any, cloud: Cloud, narrow: str, wide: dict[str, Any]) -> None:
    launcher = make(**{narrow: Quota(burst=2, rate=1)})  # at once 1, the second after 1 s
    for number in range(20):
        launcher.submit(launch(number, config=wide))
    begun = time.monotonic()
    kinds(launcher, 20, within=10)
    assert time.monotonic() - begun < 10
    for number in range(20, 22):
        launcher.submit(launch(number, config={} if wide else SPOT))
    begun = time.monotonic()
    kinds(launcher, 2)
    assert time.monotonic() - begun > 0.9


@pytest.mark.parametrize(("limited", "other"), [(SPOT, {}), ({}, SPOT)], ids=["Spot", "on demand"])
def test_at_the_limit_of_the_one_the_other_goes_on(
    make: Any, cloud: Cloud, limited: dict[str, Any], other: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Fargate's vCPUs on demand and on Spot are two quotas."""

    def fault(request: dict[str, Any]) -> None:
        if ("capacityProviderStrategy" in request) == bool(limited):
            raise LIMIT

    cloud.ecs.faults += [fault] * 100
    launcher = make(threads=1)
    launcher.submit(launch(0, config=limited))
    eventually(lambda: caplog.messages)
    for number in range(1, 11):
        launcher.submit(launch(number, config=(limited, other)[number % 2]))
    assert kinds(launcher, 5, within=2) == [Kind.STARTED] * 5  # a hold is of 5 s
    assert [int(call["startedBy"][-12:]) for call in cloud.ecs.calls] == [0, 1, 3, 5, 7, 9]
    assert f"vCPUs of {'Fargate Spot' if limited else 'Fargate'} or" in caplog.text


def test_what_is_held_leaves_room_for_the_other(
    make: Any, cloud: Cloud, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.launcher.AHEAD_S", 1.0)
    cloud.ecs.faults += [raising(LIMIT)]
    launcher = make(threads=1, calls=Quota(burst=10, rate=20))
    launcher.submit(launch(0, config=SPOT))
    eventually(lambda: caplog.messages)
    for number in range(1, 31):
        launcher.submit(launch(number, config=SPOT))
    eventually(lambda: launcher.room() == 30)
    for number in range(31, 41):
        launcher.submit(launch(number, config=SPOT))
    assert launcher.room() == 20


def test_without_access_all_wait(make: Any, cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    cloud.ecs.faults += [raising(error("ExpiredTokenException", "expired"))]
    launcher = make(threads=1)
    launcher.submit(launch(0, config=SPOT))
    eventually(lambda: caplog.messages)
    for number in range(1, 11):
        launcher.submit(launch(number, config=({}, SPOT)[number % 2]))
    time.sleep(0.3)
    assert len(cloud.ecs.calls) == 1
    assert launcher.room() == launcher._ahead - 10


@pytest.fixture
def narrow_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_LAUNCH_QUOTA", "50/5")
    monkeypatch.setenv("FARGATE_SPOT_LAUNCH_QUOTA", "30/3")


@pytest.mark.usefixtures("narrow_quotas")
def test_the_settings_are_of_on_demand_and_of_spot(request: pytest.FixtureRequest) -> None:
    launcher = request.getfixturevalue("executor").fleet.launcher
    assert [launcher._launches[on_spot].rate for on_spot in (False, True)] == pytest.approx([4.9, 2.94])
