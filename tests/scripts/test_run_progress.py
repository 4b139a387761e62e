"""The progress of a run: lines where nobody looks, a table on a terminal."""

import io
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from scripts.run_progress import Progress, by_task, label

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)


def task(
    task_id: str, state: str | None, map_index: int = -1, shown: str | None = None, started: int | None = 0
) -> Any:
    return SimpleNamespace(
        task_id=task_id,
        map_index=map_index,
        rendered_map_index=shown,
        state=SimpleNamespace(value=state) if state else None,
        start_date=None if started is None else BEGIN + timedelta(seconds=started),
    )


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what was printed, without the times."""
    told = capsys.readouterr()
    assert told.out == ""
    for line in told.err.splitlines():
        assert re.match(r" {0,5}\d+\.\d s  ", line), line
    return [line.partition(" s  ")[2] for line in told.err.splitlines()]


def test_each_change_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("title") as progress:
        progress.show("queued", [task("list", None), task("load", None, 0)])
        assert lines(capsys) == []
        progress.show("running", [task("list", "success"), task("load", "queued", 0)])
        assert lines(capsys) == ["list: success", "load 0: queued"]
        progress.show("running", [task("list", "success"), task("load", "running", 0, "UA · United")])
        progress.show("running", [task("list", "success"), task("load", "running", 0, "UA · United")])
        assert lines(capsys) == ["load UA · United: running"]


def test_a_task_that_is_tried_again_is_a_line_again(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("title")
    for state in ("running", "up_for_retry", "running", None, "success"):
        progress.show("running", [task("load", state)])
    assert lines(capsys) == ["load: running", "load: up_for_retry", "load: running", "load: success"]


@pytest.mark.parametrize(
    ("map_index", "shown", "expected"),
    [(-1, None, ""), (-1, "x", ""), (0, None, "0"), (7, None, "7"), (0, "UA · United", "UA · United"), (3, "", "3")],
)
def test_the_label_of_a_task(map_index: int, shown: str | None, expected: str) -> None:
    assert label(task("load", "running", map_index, shown)) == expected


def test_tasks_are_grouped_in_the_order_in_which_they_began() -> None:
    tasks = [
        task("late", None, started=None),
        task("load", "success", 1, started=5),
        task("later", None, started=None),
        task("load", "running", 0, started=9),
        task("list", "success", started=1),
        task("load", None, 2, started=None),
    ]
    groups = {task_id: [entry.map_index for entry in group] for task_id, group in by_task(tasks).items()}
    assert groups == {"list": [-1], "load": [1, 0, 2], "late": [-1], "later": [-1]}
    assert list(groups) == ["list", "load", "late", "later"]


def test_the_table_counts_states_and_names_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    progress = Progress("flights r")
    tasks = [
        task("load", "success", 0, "UA", started=1),
        task("load", "running", 1, "B6", started=2),
        task("load", "running", 2, "DL", started=3),
        task("load", "failed", 3, "AA", started=4),
        task("tell", None, started=None),
    ]
    screen.print(progress._table("running", tasks))
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert re.search(r"flights r  running  \d+ s", text)
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert cells == [
        ["load", "2/4", "1 success, 2 running, 1 failed", "B6, DL"],
        ["tell", "0/1", "1 none", ""],
    ]


def test_a_terminal_sees_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        "scripts.run_progress.Console", lambda **_: Console(file=screen, width=100, force_terminal=True)
    )
    with Progress("flights r") as progress:
        progress.show("running", [task("load", "running", 0, "UA")])
    assert "load" in screen.getvalue()
    assert "0/1" in screen.getvalue()
