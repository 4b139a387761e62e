"""Releases that nothing needs are removed whole; the others stay whole."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fargate.releases import needed, removal
from fargate.releases import record as records
from fargate.releases.needed import Need
from tests.plugins.fargate.releases.conftest import BUCKET, A, B, record

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LONG_AGO, RECENTLY = NOW - timedelta(days=15), NOW - timedelta(days=13)
C, D = "cccc0003-0c0c0c0c", "dddd0004-0d0d0d0d"
OLD = [record(name, f"2026-10-0{day}T00:00:00+00:00") for day, name in enumerate((A, B, C, D), start=1)]
Keys = Callable[[], list[str]]


def expired(needs: list[Need], serving: str | None = D) -> list[str]:
    found = removal.expired(OLD, {need.release: need for need in needs}, serving, NOW - timedelta(days=14))
    return [each.release for each in found]


@pytest.mark.parametrize(
    ("needs", "gone"),
    [
        ([], [B, A]),
        ([Need(A, 1, LONG_AGO)], [B]),
        ([Need(A, 0, RECENTLY)], [B]),
        ([Need(A, 0, LONG_AGO), Need(B, 0, LONG_AGO)], [B, A]),
    ],
    ids=["no run", "unfinished", "a run that can be cleared", "runs that ended long ago"],
)
def test_what_no_run_has_needed_for_a_while_goes(needs: list[Need], gone: list[str]) -> None:
    """The two newest stay: what serves, and what a rollback goes to."""
    assert expired(needs) == gone


def test_what_serves_stays_however_old(s3: Any) -> None:
    assert expired([], serving=A) == [B]


def test_what_was_made_a_moment_ago_stays() -> None:
    young = record(A, RECENTLY.isoformat())
    assert removal.expired([young, *OLD[1:], record("e-1", NOW.isoformat())], {}, None, LONG_AGO) == [
        OLD[3],
        OLD[2],
        OLD[1],
    ]


class Registry:
    """ECS and ECR, with what was removed of them in its order; ``breaks`` at one of the calls."""

    def __init__(self, breaks: str = "") -> None:
        self.calls: list[str] = []
        self.breaks = breaks

    def note(self, call: str) -> None:
        if self.breaks and call.startswith(self.breaks):
            raise ConnectionError(call)
        self.calls.append(call)

    def deregister_task_definition(self, taskDefinition: str) -> None:
        self.note(f"deregister {taskDefinition.rpartition('/')[2]}")

    def delete_task_definitions(self, taskDefinitions: list[str]) -> None:
        self.note(f"delete {taskDefinitions[0].rpartition('/')[2]}")

    def batch_delete_image(self, repositoryName: str, imageIds: list[dict[str, str]]) -> None:
        self.note(f"image {repositoryName} {imageIds[0]['imageDigest'][:15]}")


@pytest.fixture
def deployed(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Registry], None]:
    """Four releases in the bucket, of which D serves, and nothing needs any."""
    for each in OLD:
        records.write(each)
        s3.put_object(Bucket=BUCKET, Key=f"releases/{each.release}/code.tar.gz", Body=b"x")
    records.serve(OLD[-1])
    say(s3, NOW)

    def use(registry: Registry) -> None:
        clients = {"s3": s3, "ecs": registry, "ecr": registry}
        for module in (removal, *(removal.definition,)):
            monkeypatch.setattr(module.boto3, "client", lambda service, **_: clients[service])

    return use


def say(s3: Any, written: datetime) -> None:
    body = {"written": written.isoformat(), "releases": []}
    s3.put_object(Bucket=BUCKET, Key=needed.KEY, Body=json.dumps(body).encode())


def test_archive_definition_and_image_go_together_the_record_last(
    s3: Any, deployed: Callable[[Registry], None], keys: Keys
) -> None:
    registry = Registry()
    deployed(registry)
    assert removal.remove_old(NOW) == [B, A]
    assert registry.calls == [
        *("deregister airflow-worker:b", "delete airflow-worker:b", "image airflow/airflow sha256:0b0b0b0b"),
        *("deregister airflow-worker:a", "delete airflow-worker:a", "image airflow/airflow sha256:0a0a0a0a"),
    ]
    assert set(keys()) == {
        *(f"releases/{name}/{part}" for name in (C, D) for part in ("code.tar.gz", "release.json")),
        *("releases/current.json", "releases/needed.json"),
    }
    assert removal.remove_old(NOW) == []


@pytest.mark.parametrize("breaks", ["deregister", "delete", "image"])
def test_what_broke_off_is_done_the_next_time(breaks: str, deployed: Callable[[Registry], None], keys: Keys) -> None:
    broken, whole = Registry(breaks), Registry()
    deployed(broken)
    with pytest.raises(ConnectionError):
        removal.remove_old(NOW)
    assert f"releases/{B}/release.json" in keys()
    deployed(whole)
    assert removal.remove_old(NOW) == [B, A]
    assert [call for call in whole.calls if call.startswith("image")] == [
        *("image airflow/airflow sha256:0b0b0b0b", "image airflow/airflow sha256:0a0a0a0a")
    ]


def test_an_image_that_another_release_has_stays(s3: Any, deployed: Callable[[Registry], None]) -> None:
    same = record(A, OLD[0].created, digest=OLD[-1].digest, image=OLD[-1].image)
    records.write(same)
    registry = Registry()
    deployed(registry)
    assert removal.remove_old(NOW) == [B, A]
    assert [call for call in registry.calls if call.startswith("image")] == ["image airflow/airflow sha256:0b0b0b0b"]


@pytest.mark.parametrize("age", [timedelta(minutes=61), None])
def test_nothing_goes_when_nobody_says_what_runs_need(
    age: timedelta | None, s3: Any, deployed: Callable[[Registry], None], keys: Keys
) -> None:
    registry = Registry()
    deployed(registry)
    if age:
        say(s3, NOW - age)
    else:
        s3.delete_object(Bucket=BUCKET, Key=needed.KEY)
    before = keys()
    with pytest.raises(needed.OldNeeds, match=r"releases/needed\.json .*does (a|the) dag-processor run"):
        removal.remove_old(NOW)
    assert (keys(), registry.calls) == (before, [])


def test_where_nothing_was_deployed_nothing_is_asked(s3: Any) -> None:
    assert removal.remove_old(NOW) == []
