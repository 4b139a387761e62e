"""What a worker gets of the shared settings: enough to outlive an api-server that is away for a minute."""

import random

import pytest
from tenacity import RetryCallState, wait_random_exponential

from infra.local.account import TEMPLATE
from infra.local.environment import shared

OUTAGE_S = 60
SCHEDULER_GIVES_UP_S = 300  # [scheduler] task_instance_heartbeat_timeout
PREFIX = "AIRFLOW__WORKERS__"


def waits(share: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """Return for how long a call to the Execution API is repeated, as airflow.sdk.api.client does it."""
    monkeypatch.setattr(random, "uniform", lambda low, high: low + share * (high - low))
    settings = shared()
    low, high = (float(settings[f"{PREFIX}EXECUTION_API_RETRY_WAIT_{end}"]) for end in ("MIN", "MAX"))
    wait = wait_random_exponential(min=low, max=high)
    total = 0.0
    for attempt in range(1, int(settings[f"{PREFIX}EXECUTION_API_RETRIES"])):
        state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]
        state.attempt_number = attempt
        total += wait(state)
    return total


def test_a_call_outlives_a_minute_without_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waits(0, monkeypatch) > OUTAGE_S


def test_a_task_that_is_cut_off_ends_before_another_one_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT" not in shared()
    heartbeats = int(shared()[f"{PREFIX}MAX_FAILED_HEARTBEATS"])
    between = 5 + 5  # [workers] min_heartbeat_interval, before the first and between two
    assert heartbeats * waits(1, monkeypatch) + between < SCHEDULER_GIVES_UP_S


def test_a_worker_gets_every_setting_of_workers() -> None:
    names = [name for name in shared() if name.startswith(PREFIX)]
    assert len(names) >= 5
    template = TEMPLATE.read_text()
    assert [name for name in names if f'{{"name": "{name}", "value": "${{{name}}}"}}' not in template] == []
