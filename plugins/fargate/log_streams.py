"""What containers wrote, in CloudWatch Logs: a stream for each ECS task.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from airflow.providers.amazon.aws.hooks.ecs import EcsHook
from airflow.providers.amazon.aws.hooks.logs import AwsLogsHook
from airflow.providers.common.compat.sdk import conf

from fargate import settings

log = logging.getLogger(__name__)

MOST_PAGES = 5  # each of 10,000 events or 1 MB: API_GetLogEvents
NOTHING = "{} in {} has no such stream: the container has written nothing yet, or its output has expired"
CUT = "earlier lines are left out here: these are the last {} of {} in {}"
REPEATED = {"workload"}  # fields of no use to the reader: the whole workload, in the first line of Airflow's own worker


@dataclass(frozen=True)
class LogGroup:
    """Where the worker's containers write. ``prefix`` is that of the streams, without the task's id."""

    name: str
    region: str
    prefix: str

    def stream(self, arn: str) -> str:
        return f"{self.prefix}/{arn.rpartition('/')[2]}"


@cache
def worker_group() -> LogGroup:
    """Look up where the worker's task definition sends its output; once for each process."""
    ecs = EcsHook(aws_conn_id=conf.get("aws_ecs_executor", "conn_id", fallback="")).conn
    definition = ecs.describe_task_definition(taskDefinition=settings.worker_definition())["taskDefinition"]
    container = definition["containerDefinitions"][0]
    options = container["logConfiguration"]["options"]
    prefix = f"{options['awslogs-stream-prefix']}/{container['name']}"
    return LogGroup(options["awslogs-group"], options["awslogs-region"], prefix)


@cache
def _client(region: str) -> Any:
    """By the connection that [logging] remote_log_conn_id names, or by the role of the process."""
    return AwsLogsHook(aws_conn_id=conf.get("logging", "remote_log_conn_id"), region_name=region).conn


def read(arn: str, after: datetime | None = None) -> tuple[list[str], list[str]]:
    """Return where the output of an ECS task is, and the newest of its lines, each as JSON.

    An error is told in the place of the lines: whoever reads a log sees the rest of it.

    :param after: leave out the lines up to this time
    """
    try:
        group = worker_group()
        return _read(group, group.stream(arn), after)
    except Exception as error:
        log.warning("the output of %s cannot be read", arn, exc_info=True)
        return [f"CloudWatch Logs cannot be read: {error}"], []


def _read(group: LogGroup, stream: str, after: datetime | None) -> tuple[list[str], list[str]]:
    logs = _client(group.region)
    try:
        events, complete = _newest(logs, group.name, stream)
    except logs.exceptions.ResourceNotFoundException:
        return [NOTHING.format(stream, group.name)], []
    cut = [] if complete else [CUT.format(len(events), stream, group.name)]
    entries = [_entry(event) for event in events]
    lines = [json.dumps(entry) for entry in entries if _is_later(entry, after)]
    return [f"CloudWatch Logs: {group.name} {stream}", *cut], lines


def _newest(logs: Any, group: str, stream: str) -> tuple[list[Any], bool]:
    """Return the newest events in their order, and whether these are all."""
    events: list[Any] = []
    token: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=False, **token)
        if token.get("nextToken") == page["nextBackwardToken"]:  # how the API says that there is no more
            return events, True
        events = page["events"] + events
        token = {"nextToken": page["nextBackwardToken"]}
    return events, False


def _entry(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as Airflow's log reader takes it: the worker's JSON, or any other text with its time."""
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).isoformat()
    try:
        entry = json.loads(event["message"])
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or not isinstance(entry.get("event"), str):
        return {"timestamp": at, "level": "info", "event": event["message"], "logger": "container"}
    return {"timestamp": at, **{name: value for name, value in entry.items() if name not in REPEATED}}


def time_of(entry: dict[str, Any]) -> datetime | None:
    """Return the time of a line of JSON, if it has one."""
    with suppress(KeyError, TypeError, ValueError):
        at = datetime.fromisoformat(entry["timestamp"])
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def _is_later(entry: dict[str, Any], after: datetime | None) -> bool:
    at = time_of(entry)
    return not (after and at) or at > after
