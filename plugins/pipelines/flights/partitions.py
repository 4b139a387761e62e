"""From raw CSV to Parquet, one partition a carrier and month."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from pipelines.flights.inventory import month_of
from pipelines.flights.raw import FLIGHTS, csv
from pipelines.lake import Lake

log = logging.getLogger(__name__)

PREFIX = "flights/"
COLUMNS = """
    carrier, flight, tailnum, origin, dest, air_time, distance, time_hour,
    dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, arr_delay,
    strftime(make_date(year, month, day), '%Y-%m') AS month, make_date(year, month, day) AS day, hour
"""


class StrayFlights(ValueError):
    """A raw file with flights of another month, whose partition they would take the place of."""


def load(lake: Lake, carrier: str, label: str, files: dict[str, str], rows: int) -> dict[str, Any]:
    """Write the partitions of one carrier; bytes that are there already stay untouched.

    :param files: {key of a monthly CSV: ETag}
    :param rows: how many flights the raw data's manifest announces
    :returns: what was done: ``carrier``, ``files``, ``months``, ``rows``, and how many partitions ``changed``
    """
    months = [month_of(key) for key in files]
    with tempfile.TemporaryDirectory() as folder:
        raw = lake.download(files, Path(folder) / "in")
        out = Path(folder) / "out"
        out.mkdir()
        count = write_partitions(raw, carrier, out)
        _check_months(out, carrier, months)
        changed = list(lake.upload(out, PREFIX))
    written = sum(changed), len(changed)
    log.info("%s: %s flights of %s announced, %s of %s partitions changed", label, count, rows, *written)
    return {"carrier": carrier, "files": files, "months": months, "rows": count, "changed": sum(changed)}


def write_partitions(raw: list[Path], carrier: str, out: Path) -> int:
    """Write ``carrier=UA/month=2013-01/data_0.parquet`` and so on below ``out``; return the rows.

    The order of the rows and a single thread make the bytes depend on nothing but the input.
    """
    with duckdb.connect(config={"threads": 1}) as db:
        source = csv(raw, FLIGHTS)
        db.execute(f"CREATE TABLE flights AS SELECT {COLUMNS} FROM {source} WHERE carrier = ?", [carrier])
        ordered = "SELECT * FROM flights ORDER BY day, sched_dep_time, flight, origin, dest, tailnum"
        db.execute(f"COPY ({ordered}) TO '{out}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (carrier, month))")
        row = db.execute("SELECT count(*) FROM flights").fetchone()
    assert row
    return int(row[0])


def _check_months(out: Path, carrier: str, months: list[str]) -> None:
    found = {path.name.removeprefix("month=") for path in out.glob("carrier=*/month=*")}
    strays = sorted(found.difference(months))
    if strays:
        raise StrayFlights(f"{carrier}: the raw files of {', '.join(months)} hold flights of {', '.join(strays)}")
