"""The logs of tasks: live from CloudWatch, later from S3, and why a container died on top of them."""

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.log.s3_task_handler import S3RemoteLogIO

from fargate import log_streams

Read = tuple[list[str], list[str] | None]

REASON = ".reason"  # what follows the name of a log in the name of the object that says why its container died
WAITS = "The task waits for a container: ECS has not answered yet."
IN_PROGRESS = {None, "scheduled", "queued", "running"}  # of a running task, Airflow asks the executor
# a line in both is written to the file first and to the output a moment later
SAME_LINE = timedelta(milliseconds=50)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class TaskLogs(S3RemoteLogIO):
    """The provider's logs in S3. Where a container died before it uploaded one, CloudWatch has it.

    ``read`` is what the api-server uses; workers upload as the provider does.
    """

    def read(self, relative_path: str, ti: Any) -> Read:
        """Return where the log of a try is, and its text; None for a task without a log."""
        sources, texts = super().read(relative_path, ti)
        found = list(zip(sources, texts or [], strict=True))
        reasons = [text for source, text in found if source.endswith(REASON) and _is_of_this_run(text, ti)]
        logs = [entry for entry in found if not entry[0].endswith(REASON)]
        places, lines = _from_container(ti, logs) if reasons or not logs else ([], [])
        shown = [*reasons, *(text for _, text in logs), *lines]
        return [*(source for source, _ in logs), *places], _whole_lines(shown) or None


def read_live(ti: Any) -> tuple[list[str], list[str]]:
    """Return what BaseExecutor.get_task_log has to: where the lines are, and the lines of a running task."""
    if not _is_arn(ti.external_executor_id):
        return [WAITS], []
    return log_streams.read(ti.external_executor_id)


def write_reason(key: Any, text: str) -> bool:
    """Put a reason on top of the log of a try; tell whether that worked. An error is logged, not raised.

    :param key: a TaskInstanceKey, or anything with its fields
    """
    from airflow.logging_config import get_remote_task_log
    from airflow.utils.helpers import log_filename_template_renderer

    logs = get_remote_task_log()
    if not isinstance(logs, TaskLogs):  # remote logging is off
        return False
    path = log_filename_template_renderer()(ti=key, try_number=key.try_number)
    return bool(logs.write(reason_lines(text), os.path.join(logs.remote_base, path) + REASON, append=False))


def reason_lines(text: str) -> str:
    """Return a text as lines of a log. They have no timestamp, which sorts them before those that have one."""
    at = datetime.now(UTC).isoformat()
    lines = [{"event": line, "level": "error", "logger": "fargate", "at": at} for line in text.splitlines()]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _from_container(ti: Any, logs: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return what the container wrote and S3 does not have."""
    external_id, state = getattr(ti, "external_executor_id", None), getattr(ti, "state", None)
    if not external_id or state == "running":
        return [], []
    if state in IN_PROGRESS:
        return ([], []) if _is_arn(external_id) else ([WAITS], [])  # an ARN is that of the try before
    return log_streams.read(external_id, _end(logs)) if _is_arn(external_id) else ([], [])


def _end(logs: list[tuple[str, str]]) -> datetime:
    """Return the time of the last line that S3 has; what a container wrote up to then is known."""
    times = [log_streams.time_of(_parsed(line)) for _, text in logs for line in text.splitlines()]
    return max(filter(None, times), default=NEVER) + SAME_LINE


def _is_of_this_run(text: str, ti: Any) -> bool:
    """Tell a reason from one of an earlier run with the same id, which was deleted since."""
    queued = getattr(ti, "queued_dttm", None)
    written = _parsed(text.partition("\n")[0]).get("at")
    return not (queued and written) or datetime.fromisoformat(written) >= queued


def _is_arn(external_executor_id: str | None) -> bool:
    """Tell an answer of ECS from the id that the scheduler gave to the launch."""
    return (external_executor_id or "").startswith("arn:")


def _parsed(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _whole_lines(texts: list[str]) -> list[str]:
    return [text if text.endswith("\n") else f"{text}\n" for text in texts if text]
