"""What the DAGs of this house have in common. A DAG that differs changes it by name."""

from datetime import timedelta
from typing import Any

import pendulum

from fargate import settings

START = pendulum.datetime(2026, 1, 1, tz=settings.timezone())

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-platform",
    "retries": 1,
    "retry_delay": timedelta(seconds=30),
}
