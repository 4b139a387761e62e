"""How a worker gets its workload while S3, or where its credentials are from, does not answer."""

import logging
from itertools import chain, repeat
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError, EndpointConnectionError, ReadTimeoutError

from fargate import payloads, worker

URI = "s3://payloads/launch/unguessable"
WORKLOAD = {"type": "ExecuteTask"}
NO_CREDENTIALS = CredentialRetrievalError(provider="container-role", error_msg="Read timeout")
NO_S3 = EndpointConnectionError(endpoint_url="https://payloads.s3.amazonaws.com/launch/unguessable")
SLOW_S3 = ReadTimeoutError(endpoint_url="https://payloads.s3.amazonaws.com/launch/unguessable")


class Log:
    """A logger that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def warning(self, event: str, **values: Any) -> None:
        self.told.append({"event": event, **values})


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSE_S", 0)


def answers(monkeypatch: pytest.MonkeyPatch, *outcomes: Any) -> None:
    """Let the payload come as these outcomes say, one at each try; the last one for ever."""
    coming = chain(outcomes, repeat(outcomes[-1]))

    def take(client: Any, uri: str) -> Any:
        outcome = next(coming)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(payloads, "take", take)
    monkeypatch.setattr(worker, "s3_client", lambda: None)


@pytest.mark.parametrize("error", [NO_CREDENTIALS, NO_S3, SLOW_S3], ids=lambda error: type(error).__name__)
def test_it_asks_again_while_nothing_answers(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, error, error, {"workload": WORKLOAD})
    log = Log()
    assert worker.take(URI, log) == WORKLOAD
    assert [told["error"] for told in log.told] == [type(error).__name__] * 2


def test_it_gives_up_without_telling_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "NO_ANSWER_FOR_S", 0.05)
    answers(monkeypatch, SLOW_S3)
    log = Log()
    with pytest.raises(worker.Unreachable, match="no payload from S3 within 0 s: ReadTimeoutError") as raised:
        worker.take(URI, log)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert "unguessable" not in str(log.told)


def test_a_payload_that_is_gone_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, payloads.PayloadGone("it was read before"))
    with pytest.raises(payloads.PayloadGone):
        worker.take(URI, logging.getLogger())
