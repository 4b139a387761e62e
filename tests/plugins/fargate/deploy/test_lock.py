"""One deploy at a time, whatever ends it."""

import io
import json

import pytest

from fargate.deploy import database, lock
from fargate.deploy.failure import HELD, Failure
from fargate.deploy.lock import Lock
from tests.deploy.host_postgres import HostPostgres

pytestmark = pytest.mark.usefixtures("role")
SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'airflow-deploy'"


def test_a_second_one_is_told_whose_it_is() -> None:
    first = Lock("kim", "host-1", "r-1")
    assert first.take() is None
    first.step("bake")
    with pytest.raises(Failure, match=r"held by kim on host-1 since .* UTC, release r-1, step bake") as failure:
        Lock("lee", "host-2", "r-2").take()
    assert failure.value.code == HELD
    first.release()
    second = Lock("lee", "host-2", "r-2")
    assert second.take() is None
    second.release()


def test_a_lock_whose_session_was_killed_is_taken_over_and_said(server: HostPostgres) -> None:
    Lock("kim", "host-1", "r-1").take()
    server.do(SESSIONS)
    second = Lock("lee", "host-2", "r-2")
    left = second.take()
    assert left
    assert lock.described(left).startswith("kim on host-1 since ")
    second.release()


def test_a_session_that_broke_is_opened_again(server: HostPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock.time, "sleep", lambda _: None)
    held = Lock("kim", "host-1", "r-1")
    held.take()
    server.do(SESSIONS)
    held.step("next")
    with pytest.raises(Failure, match="step next"):
        Lock("lee", "host-2", "r-2").take()
    held.release()


def test_a_lock_that_somebody_took_meanwhile_is_lost(server: HostPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    held, other = Lock("kim", "host-1", "r-1"), Lock("lee", "host-2", "r-2")
    held.take()
    server.do(SESSIONS)
    other.take()
    monkeypatch.setattr(lock.time, "sleep", lambda _: None)
    with pytest.raises(Failure, match="is held by lee now"):
        held.step("next")
    other.release()


def test_a_database_that_stays_away_loses_it(server: HostPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Lock("kim", "host-1", "r-1")
    held.take()
    server.do(SESSIONS)
    monkeypatch.setattr(lock, "RECONNECT_S", -1)
    with pytest.raises(Failure, match="the lock is lost"):
        held.step("next")


class TestServe:
    def test_each_step_is_answered(self) -> None:
        held, out = Lock("kim", "host-1", "r-1"), io.StringIO()
        held.take()
        assert lock.serve(held, ["one\n", "two\n", "release\n"], out)
        assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"held": True}] * 2
        held.release()

    def test_a_deploy_that_was_killed_leaves_its_row(self, server: HostPostgres) -> None:
        held = Lock("kim", "host-1", "r-1")
        held.take()
        assert not lock.serve(held, ["one\n"], io.StringIO())
        assert server.do("SELECT who, step FROM deploy.lock") == [("kim", "one")]
        held.release()
        assert server.do("SELECT who, step FROM deploy.lock") == []


def test_the_server_finds_out_soon_that_a_host_is_gone(server: HostPostgres) -> None:
    held = Lock("kim", "host-1", "r-1")
    held.take()
    names = ("idle", "interval", "count")
    shown = [database.rows(held._connection, f"SHOW tcp_keepalives_{name}")[0] for name in names]
    held.release()
    assert [*map(dict.popitem, shown)] == [
        (f"tcp_keepalives_{name}", value) for name, value in zip(names, "553", strict=True)
    ]


def test_a_held_lock_needs_no_row(server: HostPostgres) -> None:
    """Of the very first deploy, between its lock and its table."""
    other = database.connect("other")
    database.rows(other, "SELECT pg_advisory_lock(%s)", lock.KEY)
    server.do("DROP SCHEMA IF EXISTS deploy CASCADE")
    with pytest.raises(Failure, match="another deploy that has just begun"):
        Lock("lee", "host-2", "r-2").take()
    other.close()
