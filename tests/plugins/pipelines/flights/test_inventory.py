"""What is new, for whom, and in which size."""

from typing import Any

import pytest

from pipelines.flights import inventory, quality
from pipelines.lake import Lake
from tests.plugins.conftest import Said
from tests.plugins.pipelines.flights.conftest import Load
from tests.plugins.pipelines.flights.raw_files import FEBRUARY, JANUARY, february, flight, put_month


def listed(lake: Lake, size: str = "small", **selection: Any) -> dict[str, list[str]]:
    """Return {carrier: months} of a listing."""
    work = inventory.list_new(lake, size, **{"carriers": [], "months": [], **selection})
    return {entry["carrier"]: [inventory.month_of(key) for key in entry["files"]] for entry in work}


def test_all_is_new_at_first(lake: Lake) -> None:
    etags = lake.find("raw/flights/")
    assert inventory.list_new(lake, "small", [], []) == [
        {
            "carrier": "AA",
            "label": "AA · American Airlines Inc.",
            "files": {JANUARY: etags[JANUARY], FEBRUARY: etags[FEBRUARY]},
            "rows": 3,
        },
        {"carrier": "OO", "label": "OO · SkyWest & Sons", "files": {JANUARY: etags[JANUARY]}, "rows": 1},
        {
            "carrier": "UA",
            "label": "UA · United Air Lines Inc.",
            "files": {JANUARY: etags[JANUARY], FEBRUARY: etags[FEBRUARY]},
            "rows": 6,
        },
    ]


def done(carrier: str, files: dict[str, str]) -> Any:
    return {"small": [{"carrier": carrier, "files": files}], "large": None}


def test_it_says_what_it_lists(lake: Lake, said: Said) -> None:
    listed(lake, carriers=["UA", "AA"])
    listed(lake, size="large")
    assert said() == ["small: UA · United Air Lines Inc., AA · American Airlines Inc.", "large: nothing new"]


def test_carriers_and_months_are_a_selection(lake: Lake) -> None:
    assert listed(lake, carriers=["UA"]) == {"UA": ["2013-01", "2013-02"]}
    assert listed(lake, months=["2013-02"]) == {"AA": ["2013-02"], "UA": ["2013-02"]}
    assert listed(lake, carriers=["AA"], months=["2013-01"]) == {"AA": ["2013-01"]}


@pytest.mark.parametrize(("rows", "size"), [(1, "small"), (40_000, "small"), (40_001, "large")])
def test_the_size_follows_from_the_rows(rows: int, size: str) -> None:
    assert inventory.size_of(rows) == size


def test_a_carrier_is_in_the_list_of_its_size_and_in_no_other(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "LARGE_ROWS", 3)
    assert listed(lake, "small") == {"AA": ["2013-01", "2013-02"], "OO": ["2013-01"]}
    assert listed(lake, "large") == {"UA": ["2013-01", "2013-02"]}


def test_the_size_counts_new_rows_only(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "LARGE_ROWS", 3)
    inventory.mark_done(lake, done("UA", {JANUARY: lake.find(JANUARY)[JANUARY]}))
    assert listed(lake, "small", carriers=["UA"]) == {"UA": ["2013-02"]}


def test_what_was_finished_is_not_listed_again(lake: Lake, load: Load) -> None:
    inventory.mark_done(lake, load())
    assert listed(lake, "small") == listed(lake, "large") == {}


def test_what_was_loaded_and_not_finished_is_listed_again(lake: Lake, load: Load) -> None:
    quality.check(lake, load(carriers=["UA"]))
    assert listed(lake, carriers=["UA"]) == {"UA": ["2013-01", "2013-02"]}


@pytest.mark.parametrize("loaded", [{}, {"small": None, "large": []}])
def test_nothing_finished_is_nothing_remembered(lake: Lake, loaded: Any) -> None:
    inventory.mark_done(lake, loaded)
    assert lake.find("flights/_state/") == {}


def test_force_lists_what_was_done(lake: Lake, load: Load) -> None:
    inventory.mark_done(lake, load())
    assert listed(lake, force=True, carriers=["OO", "UA"]) == {"OO": ["2013-01"], "UA": ["2013-01", "2013-02"]}


def test_a_changed_file_lists_its_month_only(lake: Lake, load: Load) -> None:
    inventory.mark_done(lake, load())
    put_month(lake, FEBRUARY, [*february(), flight("UA", 2, 6, 1, 3)])
    assert listed(lake) == {"AA": ["2013-02"], "UA": ["2013-02"]}


def test_done_files_are_remembered_beside_each_other(lake: Lake) -> None:
    inventory.mark_done(lake, done("UA", {"b": "2"}))
    inventory.mark_done(lake, done("UA", {"a": "1"}))
    inventory.mark_done(lake, done("AA", {"c": "3"}))
    assert lake.read_json("flights/_state/UA.json") == {"a": "1", "b": "2"}
    assert lake.read_json("flights/_state/AA.json") == {"c": "3"}


def test_an_unknown_carrier_is_an_error_that_names_the_known(lake: Lake) -> None:
    with pytest.raises(inventory.UnknownInput) as failed:
        listed(lake, carriers=["UA", "ZZ", "XX"])
    assert str(failed.value) == "carriers XX, ZZ: not in the raw data, which have AA, OO, UA"


def test_a_carrier_of_another_month_is_told_from_an_unknown_one(lake: Lake) -> None:
    with pytest.raises(inventory.UnknownInput) as failed:
        listed(lake, carriers=["OO"], months=["2013-02"])
    assert str(failed.value) == "carriers OO: not in the raw data of 2013-02, which have AA, UA"


def test_an_unknown_month_is_an_error_that_names_the_known(lake: Lake) -> None:
    with pytest.raises(inventory.UnknownInput) as failed:
        listed(lake, months=["2013-01", "2014-01"])
    assert str(failed.value) == "months 2014-01: not in the raw data, which have 2013-01, 2013-02"


def test_an_empty_lake_says_so(lake: Lake, s3: Any) -> None:
    for key in (JANUARY, FEBRUARY):
        s3.delete_object(Bucket="lake", Key=key)
    assert listed(lake) == {}
    with pytest.raises(inventory.UnknownInput, match=r"^months 2013-01: not in the raw data, which have none$"):
        listed(lake, months=["2013-01"])


def test_a_missing_manifest_is_named(lake: Lake, s3: Any) -> None:
    s3.delete_object(Bucket="lake", Key="raw/flights/2013-02.json")
    with pytest.raises(inventory.UnknownInput, match=r"^s3://lake/raw/flights/2013-02.json is not there"):
        listed(lake)


def test_a_carrier_without_a_name_is_labelled_as_such(lake: Lake, s3: Any) -> None:
    s3.delete_object(Bucket="lake", Key="raw/airlines.csv")
    assert [entry["label"] for entry in inventory.list_new(lake, "small", ["OO"], [])] == ["OO · unknown carrier"]


def _february(carrier: str) -> str:
    return f"flights/carrier={carrier}/month=2013-02/data_0.parquet"
