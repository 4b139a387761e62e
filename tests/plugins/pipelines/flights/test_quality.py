"""The quality check passes what holds and lists all that does not."""

from typing import Any

import pytest

from pipelines.flights import partitions, quality
from pipelines.lake import Lake
from tests.plugins.pipelines.flights.conftest import Load
from tests.plugins.pipelines.flights.raw_files import FEBRUARY, JANUARY, february, flight, january, put_month


def key(carrier: str, month: str) -> str:
    return f"flights/carrier={carrier}/month={month}/data_0.parquet"


def problems(lake: Lake, loaded: Any) -> str:
    with pytest.raises(quality.BadData) as failed:
        quality.check(lake, loaded)
    return str(failed.value)


def test_what_holds_is_counted(lake: Lake, load: Load) -> None:
    assert quality.check(lake, load()) == {"AA": 3, "OO": 1, "UA": 6}


def test_only_what_was_loaded_is_counted(lake: Lake, load: Load) -> None:
    load()
    assert quality.check(lake, load(carriers=["UA"], months=["2013-02"])) == {"UA": 2}


def test_a_size_without_tasks_is_passed_over(lake: Lake, load: Load) -> None:
    loaded = load()
    assert quality.check(lake, {"small": loaded["small"], "large": None}) == {"AA": 3, "OO": 1, "UA": 6}


@pytest.mark.parametrize("loaded", [{}, {"small": None, "large": None}, {"small": [], "large": []}])
def test_a_check_of_nothing_does_not_pass(lake: Lake, loaded: Any) -> None:
    assert problems(lake, loaded) == "there is nothing to check: no task loaded anything"


def test_different_counts_are_a_problem(lake: Lake, load: Load) -> None:
    loaded = load(carriers=["UA"])
    put_month(lake, FEBRUARY, [*february(), flight("UA", 2, 6, 1, 3)])
    assert problems(lake, loaded) == "1 problems:\nUA 2013-02: 3 rows in the raw file, 2 in the partition"


def test_a_second_file_in_a_partition_is_a_problem(lake: Lake, load: Load) -> None:
    loaded = load(carriers=["UA"])
    lake.write(key("UA", "2013-01").replace("data_0", "data_1"), lake.read(key("UA", "2013-01")) or b"")
    assert problems(lake, loaded) == "1 problems:\nUA 2013-01: 4 rows in the raw file, 8 in the partition"


def test_a_missing_partition_is_a_problem(lake: Lake, load: Load, s3: Any) -> None:
    loaded = load(carriers=["UA", "AA"])
    s3.delete_object(Bucket="lake", Key=key("AA", "2013-02"))
    assert problems(lake, loaded) == "1 problems:\nAA 2013-02: 1 rows in the raw file, 0 in the partition"


def test_no_partition_at_all_is_a_problem(lake: Lake, load: Load, s3: Any) -> None:
    loaded = load(carriers=["OO"])
    s3.delete_object(Bucket="lake", Key=key("OO", "2013-01"))
    assert problems(lake, loaded) == "none of the partitions is there: flights/carrier=OO/month=2013-01/"


def test_a_negative_duration_is_a_problem(lake: Lake, load: Load) -> None:
    strange = [flight("UA", 1, 6, 1, number, air_time=minutes) for number, minutes in ((7, -3), (8, -40), (9, 0))]
    put_month(lake, JANUARY, [*january(), *strange])
    expected = "1 problems:\nUA 2013-01: 2 flights of negative duration, down to -40 minutes"
    assert problems(lake, load(carriers=["UA"])) == expected


def test_all_problems_are_listed(lake: Lake, load: Load, s3: Any) -> None:
    put_month(lake, JANUARY, [*january(), flight("UA", 1, 6, 1, 9, air_time=-1)])
    loaded = load()
    s3.delete_object(Bucket="lake", Key=key("AA", "2013-01"))
    put_month(lake, FEBRUARY, february()[:1])
    assert problems(lake, loaded).splitlines() == [
        "4 problems:",
        "AA 2013-01: 2 rows in the raw file, 0 in the partition",
        "AA 2013-02: 0 rows in the raw file, 1 in the partition",
        "UA 2013-02: 1 rows in the raw file, 2 in the partition",
        "UA 2013-01: 1 flights of negative duration, down to -1 minutes",
    ]


def test_a_raw_file_that_is_gone_is_named(lake: Lake, s3: Any) -> None:
    loaded = {"small": [partitions.load(lake, "OO", "OO", {JANUARY: "etag"}, 1)]}
    s3.delete_object(Bucket="lake", Key=JANUARY)
    with pytest.raises(FileNotFoundError, match=r"^s3://lake/raw/flights/2013-01.csv is not there$"):
        quality.check(lake, loaded)
