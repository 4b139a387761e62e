"""What the DAGs have in common."""

from datetime import timedelta

import pytest

from fargate import settings
from pipelines.defaults import DEFAULT_ARGS, START


def test_the_start_is_midnight_in_the_houses_zone() -> None:
    assert START.isoformat() == "2026-01-01T00:00:00+09:00"
    assert START.timezone_name == settings.timezone()


@pytest.mark.parametrize(
    ("name", "value"), [("owner", "data-platform"), ("retries", 1), ("retry_delay", timedelta(seconds=30))]
)
def test_a_default(name: str, value: object) -> None:
    assert DEFAULT_ARGS[name] == value
