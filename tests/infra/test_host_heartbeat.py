"""The figure by which CloudWatch tells whether a scheduler lives, as a host makes it."""

import json
import time
from pathlib import Path

import pytest

from infra.host import heartbeat
from scripts.ports import free_port

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00 UTC
ROOT = Path(__file__).parents[2]


def health(latest: object) -> bytes:
    """Return what Airflow answers on /api/v2/monitor/health."""
    return json.dumps(
        {
            "metadatabase": {"status": "healthy"},
            "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": latest},
            "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
        }
    ).encode()


@pytest.mark.parametrize(
    ("latest", "age"),
    [
        ("2026-01-01T12:00:00+00:00", 0),
        ("2026-01-01T11:59:55.123456+00:00", 5),
        ("2026-01-01T11:00:00Z", 3600),
        ("2026-01-01T12:00:03Z", 0),  # a clock that is ahead
    ],
)
def test_the_age_of_the_latest_heartbeat(latest: str, age: int) -> None:
    assert heartbeat.heartbeat_age(health(latest), NOON) == age


def test_the_time_zone_of_the_host_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        assert heartbeat.heartbeat_age(health("2026-01-01T11:59:00Z"), NOON) == 60
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (health(None), "no scheduler has run yet"),
        (b"<html>", "something else than the health"),
        (b"[]", "something else than the health"),
        (b"{}", "something else than the health"),
    ],
)
def test_no_heartbeat(body: bytes, message: str) -> None:
    with pytest.raises(heartbeat.NoHeartbeat, match=message):
        heartbeat.heartbeat_age(body, NOON)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(heartbeat, "PORT", free_port())
    monkeypatch.setenv("DOMAIN_NAME", "airflow.example.com")
    assert heartbeat.main() == 1
    assert "heartbeat: no answer on port" in capsys.readouterr().err


def test_the_command_that_tells_it() -> None:
    assert heartbeat.metric_command("airflow-production", 7) == [
        *("aws", "cloudwatch", "put-metric-data", "--namespace", "airflow-production"),
        *("--metric-name", "SchedulerHeartbeatAge", "--unit", "Seconds", "--value", "7"),
    ]


def test_the_alarm_is_on_that_metric() -> None:
    alarms = (ROOT / "infra" / "alarms.tf").read_text()
    assert '"SchedulerHeartbeatAge"' in alarms
    assert "SchedulerHeartbeatAge" in heartbeat.metric_command("", 0)
