"""What the launcher says of calls that are made again: what it was, how often, and where to look."""

import re
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from fargate.answers import Kind
from tests.plugins.fargate.cloud import Cloud, error, eventually
from tests.plugins.fargate.launches import kinds, launch, raising


@pytest.fixture(autouse=True)
def _warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="fargate.launcher")


def test_the_numbers_of_the_log_add_up(
    make: Any, cloud: Cloud, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nothing is throttled any more: the executor asks for answers in every loop."""
    monkeypatch.setattr("fargate.launcher.AGAIN_S", {Kind.THROTTLED: 0.01})
    monkeypatch.setattr("fargate.notices.EVERY_S", 0.5)
    cloud.ecs.faults += [raising(error("ThrottlingException", "Rate exceeded"))] * 8
    launcher = make()
    for number in range(8):
        launcher.submit(launch(number))
    kinds(launcher, 8)

    def counted() -> int:
        launcher.answered()
        said = [message for message in caplog.messages if message.startswith("RunTask was throttled")]
        return sum(int(count[1]) if (count := re.search(r" \((\d+) times", message)) else 1 for message in said)

    eventually(lambda: counted() == 8)


def test_a_stop_says_what_was_not_said(make: Any, cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    cloud.ecs.faults += [raising(error("ThrottlingException", "Rate exceeded"))] * 3
    launcher = make()
    for number in range(3):
        launcher.submit(launch(number))
    kinds(launcher, 3)
    launcher.stop(1)
    assert [message.partition("(")[2] for message in caplog.messages] == ["", "2 times since the last such line)"]


NO_ROUTE = ConnectTimeoutError(endpoint_url="https://vpce.example")


def failing_once(service: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, failures = getattr(service, name), [NO_ROUTE]

    def call(**request: Any) -> Any:
        if failures:
            raise failures.pop()
        return whole(**request)

    monkeypatch.setattr(service, name, call)


@pytest.mark.parametrize(
    ("service", "name", "asked"),
    [
        ("s3", "list_objects_v2", "S3"),
        ("ecs", "list_tasks", "ListTasks"),
        ("s3", "put_object", "S3"),
        ("ecs", "run_task", "RunTask"),
    ],
)
def test_what_gave_no_answer_is_named_and_where_to_look(
    make: Any,
    cloud: Cloud,
    service: str,
    name: str,
    asked: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fargate.launcher.AGAIN_S", {Kind.NO_ANSWER: 0.05})
    failing_once(getattr(cloud, service), name, monkeypatch)
    launcher, adopted = make(), launch(1)
    adopted.recover = True
    launcher.submit(adopted)
    assert kinds(launcher, 1) == [Kind.STARTED]
    assert caplog.messages == [
        f"{asked} gave no answer; the same request is sent again under the same token. If this goes on, look at the "
        "route or the VPC endpoint from the scheduler to ECS and S3, and at the region: Connect timeout on endpoint "
        'URL: "https://vpce.example"'
    ]
