"""What became of a fan-out, read from the events of the emulated Fargate."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

Event = dict[str, Any]


def floor_s(count: int, quotas: Iterable[dict[str, float] | None]) -> float:
    """Return the least seconds in which ``count`` tasks can be launched, one a call, under the quotas."""
    return max((max(0.0, (count - quota["burst"]) / quota["rate"]) for quota in quotas if quota), default=0.0)


def answered(events: Iterable[Event]) -> list[Event]:
    """Return the RunTask calls that were answered with tasks or an error."""
    return [event for event in events if event.get("action") == "RunTask" and event["answered"]]


def refused(events: Iterable[Event]) -> int:
    """Return how many RunTask calls ECS refused."""
    return sum(1 for call in answered(events) if call["error"])


def last_launch(events: Iterable[Event]) -> float:
    """Return when the last call that started a task was answered, in Unix seconds."""
    return float(max(call["answered"] for call in answered(events) if call["started"]))


def started(events: Iterable[Event]) -> list[str]:
    """Return the ids of the ECS tasks that were started."""
    return [task for call in answered(events) for task in call["started"]]


def map_index(task: dict[str, Any]) -> int:
    """Return for which mapped task ECS runs this: from its tags, or from the workload in its command."""
    if "map_index" in task["tags"]:
        return int(task["tags"]["map_index"])
    command = task["command"]
    return int(json.loads(command[command.index("--json-string") + 1])["ti"]["map_index"])


def doubled(tasks: Sequence[dict[str, Any]]) -> int:
    """Return how many of ECS's tasks were started for a mapped task that another was started for."""
    return sum(times - 1 for times in Counter(map(map_index, tasks)).values())


def least_share(counts: Sequence[tuple[int]]) -> float:
    """Return the share of the scheduler that queued the fewest tasks; 0 where one queued them all."""
    return min(counts)[0] / sum(count for (count,) in counts) if len(counts) > 1 else 0.0
