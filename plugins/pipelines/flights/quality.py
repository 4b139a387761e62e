"""Whether the partitions hold what the raw files hold."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from pipelines.flights.inventory import RAW
from pipelines.flights.partitions import PREFIX
from pipelines.flights.raw import FLIGHTS, csv, parquet
from pipelines.lake import Lake


class BadData(ValueError):
    """The partitions do not hold; the message lists every problem that was found."""


def check(lake: Lake, loaded: Mapping[str, Iterable[dict[str, Any]] | None]) -> dict[str, int]:
    """Compare partitions with raw files, for all that was loaded.

    :param loaded: what the tasks of each size returned (``partitions.load``); None where none ran
    :returns: {carrier: number of flights}
    :raises BadData: when counts differ or a duration is negative, with all the differences
    """
    results = [result for results in loaded.values() for result in results or ()]
    wanted = sorted((result["carrier"], month) for result in results for month in result["months"])
    if not wanted:
        raise BadData("there is nothing to check: no task loaded anything")
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as db:
        _raw(db, lake, sorted({month for _, month in wanted}), Path(folder) / "raw")
        _partitions(db, lake, wanted, Path(folder) / "parquet")
        db.execute("CREATE TABLE wanted (carrier VARCHAR, month VARCHAR)")
        db.executemany("INSERT INTO wanted VALUES (?, ?)", wanted)
        problems = [*_different_counts(db), *_negative_durations(db)]
        if problems:
            raise BadData(f"{len(problems)} problems:\n" + "\n".join(problems))
        rows = db.execute("SELECT carrier, count(*) FROM partitions GROUP BY ALL ORDER BY ALL").fetchall()
    return dict(rows)


def _raw(db: duckdb.DuckDBPyConnection, lake: Lake, months: list[str], folder: Path) -> None:
    source = csv(lake.download([f"{RAW}{month}.csv" for month in months], folder), FLIGHTS)
    db.execute(
        "CREATE TABLE raw AS SELECT carrier, printf('%d-%02d', year, month) AS month, count(*) AS rows "
        f"FROM {source} GROUP BY ALL"
    )


def _partitions(db: duckdb.DuckDBPyConnection, lake: Lake, wanted: list[tuple[str, str]], folder: Path) -> None:
    known = lake.find(f"{PREFIX}carrier=")
    prefixes = tuple(f"{PREFIX}carrier={carrier}/month={month}/" for carrier, month in wanted)
    paths = lake.download([key for key in known if key.startswith(prefixes)], folder)
    if not paths:
        raise BadData(f"none of the partitions is there: {', '.join(prefixes)}")
    db.execute(f"CREATE TABLE partitions AS SELECT carrier, month, air_time FROM {parquet(paths)}")


def _different_counts(db: duckdb.DuckDBPyConnection) -> list[str]:
    rows = db.execute(
        """
        SELECT w.carrier, w.month, coalesce(r.rows, 0), coalesce(p.rows, 0)
        FROM wanted w LEFT JOIN raw r USING (carrier, month)
        LEFT JOIN (SELECT carrier, month, count(*) AS rows FROM partitions GROUP BY ALL) p USING (carrier, month)
        WHERE coalesce(r.rows, 0) <> coalesce(p.rows, 0) ORDER BY ALL
        """
    ).fetchall()
    return [
        f"{carrier} {month}: {raw} rows in the raw file, {found} in the partition"
        for carrier, month, raw, found in rows
    ]


def _negative_durations(db: duckdb.DuckDBPyConnection) -> list[str]:
    rows = db.execute(
        "SELECT carrier, month, count(*), min(air_time) FROM partitions WHERE air_time < 0 GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [
        f"{carrier} {month}: {count} flights of negative duration, down to {least} minutes"
        for carrier, month, count, least in rows
    ]
