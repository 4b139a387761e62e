"""How many connections the database takes."""

from typing import Any

from fargate.deploy import database

# superuser_reserved_connections, since Postgres 16 reserved_connections, and RDS's own
LIMITS = """
SELECT name, setting::int AS value FROM pg_settings
WHERE name = 'max_connections' OR name LIKE '%reserved_connections'
"""


def limits(connection: Any) -> dict[str, int]:
    """Return how many connections it ``takes``, and how many of them are ``reserved`` for whom Airflow is not."""
    found = {row["name"]: row["value"] for row in database.rows(connection, LIMITS)}
    takes = found.pop("max_connections")
    return {"takes": takes, "reserved": sum(found.values())}
