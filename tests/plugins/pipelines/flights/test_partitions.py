"""Partitions: what is in them, that the bytes depend on nothing else, and what is not written."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.flights import partitions
from pipelines.flights.raw import FLIGHTS, parquet
from pipelines.lake import Lake
from tests.plugins.conftest import Said
from tests.plugins.pipelines.flights.conftest import Load
from tests.plugins.pipelines.flights.raw_files import FEBRUARY, JANUARY, february, flight, january, put_month

UNITED = {JANUARY: "etag-1", FEBRUARY: "etag-2"}
KEYS = [f"flights/carrier=UA/month={month}/data_0.parquet" for month in ("2013-01", "2013-02")]


def load_united(lake: Lake) -> dict[str, Any]:
    return partitions.load(lake, "UA", "UA · United", UNITED, 6)


def rows(lake: Lake, folder: Path, columns: str) -> list[tuple[Any, ...]]:
    paths = lake.download(lake.find("flights/carrier="), folder)
    with duckdb.connect() as db:
        return db.execute(f"SELECT {columns} FROM {parquet(paths)} ORDER BY ALL").fetchall()


def write(folder: Path, flights: list[str]) -> list[bytes]:
    """Return the bytes of UA's partitions of these flights."""
    raw, out = folder / "raw.csv", folder / "out"
    out.mkdir(parents=True)
    raw.write_text(",".join(FLIGHTS) + "\n" + "".join(flights))
    partitions.write_partitions([raw], "UA", out)
    return [path.read_bytes() for path in sorted(out.rglob("*.parquet"))]


def test_a_load_writes_a_partition_a_month(lake: Lake, said: Said) -> None:
    assert load_united(lake) == {
        "carrier": "UA",
        "files": UNITED,
        "months": ["2013-01", "2013-02"],
        "rows": 6,
        "changed": 2,
    }
    assert list(lake.find("flights/")) == KEYS
    assert said() == ["UA · United: 6 flights of 6 announced, 2 of 2 partitions changed"]


def test_a_partition_holds_the_flights_of_its_carrier_with_their_types(lake: Lake, tmp_path: Path) -> None:
    load_united(lake)
    columns = "month, carrier, flight, dep_delay, air_time, hour, day::VARCHAR, time_hour::VARCHAR"
    assert rows(lake, tmp_path, columns) == [
        ("2013-01", "UA", 1, 0, 120, 6, "2013-01-01", "2013-01-01 11:00:00"),
        ("2013-01", "UA", 2, 20, 120, 6, "2013-01-01", "2013-01-01 11:00:00"),
        ("2013-01", "UA", 3, 4, 120, 6, "2013-01-01", "2013-01-01 11:00:00"),
        ("2013-01", "UA", 4, None, None, 6, "2013-01-01", "2013-01-01 11:00:00"),
        ("2013-02", "UA", 1, -5, 120, 6, "2013-02-01", "2013-02-01 11:00:00"),
        ("2013-02", "UA", 2, 25, 120, 6, "2013-02-01", "2013-02-01 11:00:00"),
    ]


def test_a_second_load_changes_nothing(lake: Lake, load: Load, versions: Any) -> None:
    load()
    before = {key: lake.read(key) for key in lake.find("flights/carrier=")}
    assert [result["changed"] for result in load(force=True)["small"]] == [0, 0, 0]
    assert {key: lake.read(key) for key in lake.find("flights/carrier=")} == before
    assert len(before) == 5
    assert set(versions("flights/carrier=").values()) == {1}


def test_a_changed_raw_file_changes_its_own_partition_only(lake: Lake, versions: Any) -> None:
    load_united(lake)
    put_month(lake, FEBRUARY, [*february(), flight("UA", 2, 6, 1, 3)])
    assert load_united(lake)["changed"] == 1
    assert versions("flights/carrier=") == {KEYS[0]: 1, KEYS[1]: 2}


def test_the_bytes_do_not_depend_on_the_order_of_the_raw_rows(tmp_path: Path) -> None:
    flights = [*january(), *february()]
    first = write(tmp_path / "1", flights)
    assert len(first) == 2
    assert write(tmp_path / "2", flights[::-1]) == first
    assert write(tmp_path / "3", flights[1:]) != first


def test_a_wrong_type_is_an_error_that_names_file_line_and_value(lake: Lake) -> None:
    put_month(lake, FEBRUARY, [*february(), flight("UA", 2, 6, 1, distance="far")])
    with pytest.raises(duckdb.ConversionException) as failed:
        load_united(lake)
    message = str(failed.value)
    assert "raw/flights/2013-02.csv" in message
    assert "CSV Error on Line: 5" in message
    assert 'column "distance". Could not convert string "far" to \'SMALLINT\'' in message
    assert lake.find("flights/") == {}


def test_other_columns_are_an_error_that_names_the_file(lake: Lake) -> None:
    swapped = (lake.read(FEBRUARY) or b"").replace(b"dep_time,sched_dep_time", b"sched_dep_time,dep_time")
    lake.write(FEBRUARY, swapped)
    with pytest.raises(ValueError, match=r"raw/flights/2013-02.csv: the columns are year, month, day, sched_dep_time"):
        load_united(lake)


def test_flights_of_another_month_do_not_replace_its_partition(lake: Lake) -> None:
    load_united(lake)
    put_month(lake, JANUARY, [*january(), flight("UA", 2, 6, 1)])
    before = lake.find("flights/")
    with pytest.raises(partitions.StrayFlights, match=r"^UA: the raw files of 2013-01 hold flights of 2013-02$"):
        partitions.load(lake, "UA", "UA", {JANUARY: "etag"}, 5)
    assert lake.find("flights/") == before


def test_a_carrier_without_flights_in_the_files_writes_nothing(lake: Lake) -> None:
    result = partitions.load(lake, "ZZ", "ZZ", {JANUARY: "etag"}, 0)
    assert (result["rows"], result["changed"]) == (0, 0)
    assert lake.find("flights/") == {}
