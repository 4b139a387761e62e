"""A DAG run while it runs: what it looks like on a terminal, and in a log."""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

COLOURS = {"success": "green", "running": "cyan", "failed": "red", "upstream_failed": "red", "up_for_retry": "yellow"}
DONE = ("success", "failed", "upstream_failed", "skipped", "removed")


class Progress:
    """Shows task instances as they change, on stderr: a live table, or lines where there is no terminal."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._console = Console(stderr=True)
        self._begun = time.monotonic()
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._seen: dict[tuple[str, int], str] = {}

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, state: str, tasks: Iterable[Any]) -> None:
        """Show the run in ``state`` with these task instances."""
        tasks = list(tasks)
        if self._console.is_terminal:
            self._live.update(self._table(state, tasks), refresh=True)
        else:
            self._lines(tasks)

    def _table(self, state: str, tasks: list[Any]) -> Table:
        table = Table(title=f"{self.title}  {state}  {time.monotonic() - self._begun:.0f} s", title_justify="left")
        for column in ("task", "done", "states", "now"):
            table.add_column(column)
        for task_id, instances in by_task(tasks).items():
            states = [_state(task) for task in instances]
            done = sum(state in DONE for state in states)
            running = [label(task) for task in instances if _state(task) == "running"]
            table.add_row(task_id, f"{done}/{len(instances)}", _counts(states), ", ".join(filter(None, running))[:60])
        return table

    def _lines(self, tasks: list[Any]) -> None:
        for task in tasks:
            key, state = (task.task_id, task.map_index), _state(task)
            if self._seen.get(key) != state and state != "none":
                name = f"{task.task_id} {label(task)}".strip()
                print(f"{time.monotonic() - self._begun:6.1f} s  {name}: {state}", file=sys.stderr, flush=True)
            self._seen[key] = state


def by_task(tasks: Iterable[Any]) -> dict[str, list[Any]]:
    """Group task instances by task, in the order in which they started."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: (task.start_date is None, task.start_date, task.map_index)):
        groups[task.task_id].append(task)
    return groups


def label(task: Any) -> str:
    """Return the label of a mapped task instance, its index while it has none, "" if it is not mapped."""
    if task.map_index < 0:
        return ""
    return str(task.rendered_map_index or task.map_index)


def _state(task: Any) -> str:
    return str(getattr(task.state, "value", task.state) or "none")


def _counts(states: list[str]) -> Text:
    parts = [Text(f"{count} {state}", style=COLOURS.get(state, "dim")) for state, count in Counter(states).items()]
    return Text(", ").join(parts)
