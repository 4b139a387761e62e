"""What the database takes is asked of the database."""

from contextlib import closing
from typing import Any

import pytest

from fargate.deploy import connections, database
from tests.deploy.host_postgres import HostPostgres


def test_all_that_is_kept_for_others_counts(server: HostPostgres, role: None) -> None:
    [(superuser,)] = server.do("SHOW superuser_reserved_connections")
    [(takes,)] = server.do("SHOW max_connections")
    with closing(database.connect("test")) as connection:
        told = connections.limits(connection)
    assert told == {"takes": int(takes), "reserved": int(superuser)}
    assert told["reserved"] > 0


def test_what_rds_keeps_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "max_connections": 200,
        "superuser_reserved_connections": 3,
        "rds.rds_superuser_reserved_connections": 2,
        "reserved_connections": 4,
    }
    found: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in values.items()]
    monkeypatch.setattr(database, "rows", lambda *_: found)
    assert connections.limits(None) == {"takes": 200, "reserved": 9}
