"""The tables of scripts/bench_deploy say what the proof counted."""

import io
from typing import Any

from rich.console import Console

from scripts import bench_deploy

TAKEN: dict[str, Any] = {
    "blue-green": {
        **{"asked": 23896, "failed": 0, "seconds": [150.0, 160.0, 155.0], "silent_s": 4.26},
        "steps": [
            {"lock": 1.0, "switch": 2.0},
            {"lock": 3.0, "switch": 2.0},
            {"lock": 2.0, "switch": 4.0, "heal": 9.0},
        ],
    },
    "stop, then start": {"asked": 27773, "failed": 24786, "seconds": [60.0]},
}


def said(taken: dict[str, Any]) -> str:
    text = io.StringIO()
    Console(width=110, file=text).print(*bench_deploy.tables(taken))
    return text.getvalue()


def test_each_order_has_a_row() -> None:
    lines = [line for line in said(TAKEN).splitlines() if "│" in line]
    assert [cell.strip() for cell in lines[0].strip("│ ").split("│")] == [
        *("blue-green", "3", "155", "23,896", "0"),
        "4.3 (goal 5)",
    ]
    assert "24,786" in lines[1]


def test_steps_are_medians_of_the_deploys_that_had_them() -> None:
    text = said(TAKEN)
    for name, seconds in (("lock", "2.0"), ("switch", "2.0"), ("heal", "9.0")):
        assert any(name in line and seconds in line for line in text.splitlines()), name


def test_without_the_proof_there_is_an_empty_table() -> None:
    assert "deploys under load" in said({})
