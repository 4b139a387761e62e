"""The marts: figures that can be worked out by hand from the table in raw_files.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.flights import marts
from pipelines.lake import Lake
from tests.plugins.conftest import Said
from tests.plugins.pipelines.flights.conftest import Load
from tests.plugins.pipelines.flights.raw_files import FEBRUARY, february, flight, put_month

Rows = list[tuple[Any, ...]]


def rows(lake: Lake, name: str, folder: Path) -> Rows:
    [path] = lake.download([f"marts/flight_delays/{name}.parquet"], folder)
    with duckdb.connect() as db:
        return db.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()


@pytest.fixture
def table(finished: Lake, tmp_path: Path) -> Callable[[str], Rows]:
    """A function that returns the rows of a mart."""
    return lambda name: rows(finished, name, tmp_path)


def test_the_build_says_what_it_did(lake: Lake, load: Load, said: Said) -> None:
    load()
    said()
    assert marts.build(lake) == {"flights": 10, "with_weather": 7, "changed": 5}
    assert said() == ["10 flights, 7 of them with weather; 5 of 5 tables changed"]


def test_a_second_build_changes_nothing(lake: Lake, load: Load, versions: Any) -> None:
    load()
    marts.build(lake)
    assert marts.build(lake)["changed"] == 0
    assert versions("marts/") == {f"marts/flight_delays/{name}.parquet": 1 for name in sorted(marts.TABLES)}


def test_changed_flights_change_the_tables_that_they_are_in(lake: Lake, load: Load) -> None:
    load()
    marts.build(lake)
    put_month(lake, FEBRUARY, [*february(), flight("AA", 2, 18, 0, 2)])  # in an hour without weather
    load()
    assert marts.build(lake)["changed"] == 3  # carriers, months, hours


def test_carriers(table: Callable[[str], Rows]) -> None:
    assert table("carriers") == [
        ("AA", "American Airlines Inc.", 3, 0, 18.67, 66.67),
        ("OO", "SkyWest & Sons", 1, 1, None, None),
        ("UA", "United Air Lines Inc.", 6, 1, 8.8, 40.0),
    ]


def test_months(table: Callable[[str], Rows]) -> None:
    assert table("months") == [
        ("AA", "2013-01", 2, 0, 20.0, 50.0),
        ("AA", "2013-02", 1, 0, 16.0, 100.0),
        ("OO", "2013-01", 1, 1, None, None),
        ("UA", "2013-01", 4, 1, 8.0, 33.33),
        ("UA", "2013-02", 2, 0, 10.0, 50.0),
    ]


def test_hours(table: Callable[[str], Rows]) -> None:
    assert table("hours") == [(6, 6, 1, 8.8, 40.0), (18, 4, 1, 18.67, 66.67)]


def test_wind_is_banded_and_a_storm_is_in_the_last_band(table: Callable[[str], Rows]) -> None:
    assert table("wind") == [(0, 4, 1, 8.0, 33.33), (30, 3, 1, 20.0, 50.0)]


def test_visibility_is_banded(table: Callable[[str], Rows]) -> None:
    assert table("visibility") == [(0, 3, 1, 20.0, 50.0), (1, 2, 0, 10.0, 50.0), (10, 4, 1, 8.0, 33.33)]


def test_a_carrier_that_the_reference_data_do_not_have_is_kept(lake: Lake, load: Load, tmp_path: Path) -> None:
    lake.write("raw/airlines.csv", b"carrier,name\nAA,American\nUA,United\n")
    load()
    marts.build(lake)
    assert rows(lake, "carriers", tmp_path)[1] == ("OO", "unknown carrier", 1, 1, None, None)


def test_a_quarter_of_an_hour_is_not_late(lake: Lake, load: Load, tmp_path: Path) -> None:
    put_month(lake, FEBRUARY, [flight("AA", 2, 18, minutes, minutes) for minutes in (15, 16)])
    load(carriers=["AA"], months=["2013-02"])
    marts.build(lake)
    assert rows(lake, "months", tmp_path) == [("AA", "2013-02", 2, 0, 15.5, 50.0)]


def test_weather_that_is_given_twice_does_not_double_flights(lake: Lake, load: Load) -> None:
    weather = lake.read("raw/weather/2013-01.csv") or b""
    corrected = weather.split(b"\n")[1].replace(b",3,", b",4,")
    assert corrected not in weather
    lake.write("raw/weather/2013-01.csv", weather + corrected + b"\n")
    load()
    assert marts.build(lake)["flights"] == 10


def test_what_is_no_csv_is_no_weather(lake: Lake, load: Load) -> None:
    lake.write("raw/weather/", b"")  # as a console makes a folder
    load()
    assert marts.build(lake)["with_weather"] == 7


def test_weather_of_a_wrong_type_is_an_error_that_names_the_file(lake: Lake, load: Load) -> None:
    weather = lake.read("raw/weather/2013-02.csv") or b""
    lake.write("raw/weather/2013-02.csv", weather.replace(b",2,2013-", b",foggy,2013-"))
    load()
    with pytest.raises(duckdb.ConversionException, match=r"raw/weather/2013-02\.csv"):
        marts.build(lake)
