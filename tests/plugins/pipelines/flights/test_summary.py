"""The sentence at the end of a run."""

from typing import Any

import pytest

from pipelines.flights import summary
from tests.plugins.conftest import Said


def result(rows: int, months: int, changed: int) -> dict[str, Any]:
    return {
        "carrier": "UA",
        "rows": rows,
        "months": [f"2013-{month:02}" for month in range(1, months + 1)],
        "changed": changed,
    }


@pytest.mark.parametrize("loaded", [{}, {"small": None, "large": None}, {"small": [], "large": None}])
def test_nothing_new(loaded: Any) -> None:
    expected = "Nothing new: the raw files are those that were loaded before, and nothing was changed."
    assert summary.tell(loaded, None) == expected


def test_changed() -> None:
    loaded = {"small": [result(1_000, 2, 2)], "large": [result(60_000, 12, 3), result(5, 1, 0)]}
    expected = "3 carriers, 61,005 flights: 5 of 15 partitions changed, report changed."
    assert summary.tell(loaded, {"changed": True}) == expected


@pytest.mark.parametrize("written", [{"changed": False}, None])
def test_unchanged(written: dict[str, Any] | None) -> None:
    expected = "1 carrier, 700 flights: 0 of 2 partitions changed, report as it was."
    assert summary.tell({"small": None, "large": [result(700, 2, 0)]}, written) == expected


def test_the_sentence_is_in_the_log_as_well(said: Said) -> None:
    text = summary.tell({}, None)
    assert said() == [text]
