"""The raw files of the ingest: all flights of the year, each where it belongs, and counted."""

import json
from typing import Any

import pytest

from infra.local import ingest
from pipelines.flights import raw

MONTHS = {
    **{"2013-01": 27004, "2013-02": 24951, "2013-03": 28834, "2013-04": 28330, "2013-05": 28796, "2013-06": 28243},
    **{"2013-07": 29425, "2013-08": 29327, "2013-09": 27574, "2013-10": 28889, "2013-11": 27268, "2013-12": 28135},
}
Files = dict[str, bytes]


class Bucket:
    """What is put into a bucket, in order."""

    def __init__(self, *there: str) -> None:
        self.keys = list(there)

    def list_objects_v2(self, **request: str) -> dict[str, Any]:
        assert request == {"Bucket": "lake", "Prefix": "raw/"}
        return {"Contents": [{"Key": key} for key in self.keys]} if self.keys else {}

    def put_object(self, **request: Any) -> None:
        assert request["Bucket"] == "lake"
        assert request["Body"]
        self.keys.append(request["Key"])


@pytest.fixture(scope="module")
def files() -> Files:
    return ingest.files()


def test_there_is_a_csv_a_manifest_and_the_weather_of_each_month(files: Files) -> None:
    kinds = ("flights/{}.csv", "flights/{}.json", "weather/{}.csv")
    expected = {f"raw/{kind.format(month)}" for kind in kinds for month in MONTHS} | {"raw/airlines.csv"}
    assert set(files) == expected
    assert list(files)[-1] == "raw/airlines.csv"


def test_every_flight_of_the_year_is_there_once(files: Files) -> None:
    rows = {month: files[f"raw/flights/{month}.csv"].count(b"\n") - 1 for month in MONTHS}
    assert rows == MONTHS
    assert sum(rows.values()) == 336_776


def test_the_manifests_count_what_is_in_their_files(files: Files) -> None:
    totals: dict[str, int] = {}
    for month, rows in MONTHS.items():
        manifest = json.loads(files[f"raw/flights/{month}.json"])
        assert manifest["rows"] == rows == sum(manifest["carriers"].values())
        assert list(manifest["carriers"]) == sorted(manifest["carriers"])
        for carrier, count in manifest["carriers"].items():
            totals[carrier] = totals.get(carrier, 0) + count
    assert len(totals) == 16
    assert {carrier: totals[carrier] for carrier in ("UA", "B6", "EV", "DL", "AA", "OO")} == {
        **{"UA": 58_665, "B6": 54_635, "EV": 54_173, "DL": 48_110, "AA": 32_729, "OO": 32},
    }


@pytest.mark.parametrize("month", ["2013-01", "2013-12"])
def test_a_manifest_agrees_with_another_way_of_counting(files: Files, month: str) -> None:
    lines = files[f"raw/flights/{month}.csv"].decode().splitlines()[1:]
    carriers = json.loads(files[f"raw/flights/{month}.json"])["carriers"]
    assert carriers["UA"] == sum(",UA," in line for line in lines)
    assert {tuple(line.split(",")[:2]) for line in lines} == {("2013", str(int(month[-2:])))}


def test_the_weather_is_split_by_its_own_columns(files: Files) -> None:
    for month in MONTHS:
        lines = files[f"raw/weather/{month}.csv"].decode().splitlines()[1:]
        assert {tuple(line.split(",")[1:3]) for line in lines} == {("2013", str(int(month[-2:])))}
        assert {line.split(",")[0] for line in lines} == {"EWR", "JFK", "LGA"}


def test_the_files_have_the_columns_that_the_pipeline_reads(files: Files) -> None:
    columns = {
        "raw/flights/2013-07.csv": raw.FLIGHTS,
        "raw/weather/2013-07.csv": raw.WEATHER,
        "raw/airlines.csv": raw.AIRLINES,
    }
    for key, expected in columns.items():
        assert files[key].decode().splitlines()[0].split(",") == list(expected)


def test_all_is_dropped_into_an_empty_bucket() -> None:
    bucket = Bucket()
    assert ingest.ingest(bucket, "lake") == 37
    assert len(bucket.keys) == 37
    assert bucket.keys[-1] == "raw/airlines.csv"


def test_nothing_is_dropped_twice() -> None:
    bucket = Bucket("raw/airlines.csv")
    assert ingest.ingest(bucket, "lake") == 0
    assert bucket.keys == ["raw/airlines.csv"]


def test_an_ingest_that_was_interrupted_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "files", lambda: {"raw/flights/2013-01.csv": b"x", "raw/airlines.csv": b"y"})
    bucket = Bucket("raw/flights/2013-01.csv")
    assert ingest.ingest(bucket, "lake") == 2
    assert bucket.keys[-1] == "raw/airlines.csv"
