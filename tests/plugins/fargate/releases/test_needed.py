"""What runs need of releases, from the database into the file that housekeeping reads."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fargate import turn
from fargate.releases import needed
from fargate.releases.needed import Need
from tests.plugins.fargate.releases.conftest import BUCKET, A, B
from tests.plugins.fargate.releases.postgres import server

TABLE = (
    "CREATE TABLE dag_run (bundle_version text, state text, end_date timestamptz, created_at timestamptz, "
    "run_after timestamptz)"
)
RUNS = f"""
INSERT INTO dag_run VALUES
    (NULL, 'running', NULL, now(), now()),
    ('{A}', 'success', '2026-11-02T00:00Z', '2026-11-01T00:00Z', now()),
    ('{A}', 'failed', '2026-11-03T00:00Z', '2026-11-01T00:00Z', now()),
    ('{B}', 'success', '2026-11-02T00:00Z', '2026-11-01T00:00Z', now()),
    ('{B}', 'queued', NULL, '2026-11-01T00:00Z', now()),
    ('{B}', 'running', NULL, '2026-11-01T00:00Z', now()),
    ('never-ended', 'failed', NULL, '2026-11-04T00:00Z', now()),
    ('older', 'failed', NULL, NULL, '2026-11-05T00:00Z')
"""
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_runs_are_counted_and_the_last_need_is_told(tmp_path: Path) -> None:
    with server(tmp_path) as database:
        database.ask(TABLE)
        assert needed.ask(database.url) == []
        database.ask(RUNS)
        of_a, of_b, never, older = needed.ask(database.url)
    assert of_a == Need(A, 0, datetime(2026, 11, 3, tzinfo=UTC))
    assert (of_b.release, of_b.unfinished) == (B, 2)
    assert abs(of_b.last_needed - datetime.now(UTC)) < timedelta(minutes=1)
    assert never == Need("never-ended", 0, datetime(2026, 11, 4, tzinfo=UTC))
    assert older == Need("older", 0, datetime(2026, 11, 5, tzinfo=UTC))


def test_what_is_written_is_read(s3: Any) -> None:
    needs = [Need(A, 0, NOW), Need(B, 2, NOW)]
    needed.write(needs)
    assert needed.read(datetime.now(UTC)) == {need.release: need for need in needs}
    body = json.loads(s3.get_object(Bucket=BUCKET, Key="releases/needed.json")["Body"].read())
    assert body["releases"][1] == {"release": B, "unfinished": 2, "last_needed": "2026-11-22T00:00:00+00:00"}


class Enough(BaseException):
    """Ends what never ends."""


def test_a_minute_that_fails_is_said_and_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]]
) -> None:
    answers: list[Any] = [[], ConnectionError("no database"), []]
    written: list[Any] = []

    def ask(_: str) -> Any:
        if not answers:
            raise Enough
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(needed, "ask", ask)
    monkeypatch.setattr(needed, "write", written.append)
    monkeypatch.setattr(needed, "EVERY_S", 0.0)
    monkeypatch.setenv("DATABASE_DIRECT_URL", "postgresql://x")
    with pytest.raises(Enough):
        needed.keep_writing()
    assert written == [[], []]
    assert said() == ["releases/needed.json was not written, and housekeeping waits for it: no database"]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "postgresql+psycopg2://airflow:p%25s@db.example:5433/airflow?sslmode=verify-full",
            {"host": "db.example", "port": 5433, "user": "airflow", "password": "p%s", "dbname": "airflow",
             "sslmode": "verify-full"},
        ),
        ("postgresql://airflow@/postgres?host=/run/pg", {"user": "airflow", "dbname": "postgres", "host": "/run/pg"}),
    ],
)  # fmt: skip
def test_a_url_of_sqlalchemys_is_understood(url: str, place: dict[str, Any]) -> None:
    assert turn.address(url) == place
