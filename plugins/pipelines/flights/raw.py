"""How the raw files are read: their columns and types, so that nothing is guessed.

A file with other columns is an error, and a value that has not its column's type is one of
DuckDB's that names the file, the line and the value.
"""

from collections.abc import Iterable
from pathlib import Path

FLIGHTS = {
    **dict.fromkeys(("year", "month", "day"), "SMALLINT"),
    **dict.fromkeys(("dep_time", "sched_dep_time", "dep_delay"), "SMALLINT"),
    **dict.fromkeys(("arr_time", "sched_arr_time", "arr_delay"), "SMALLINT"),
    "carrier": "VARCHAR",
    "flight": "INTEGER",
    **dict.fromkeys(("tailnum", "origin", "dest"), "VARCHAR"),
    **dict.fromkeys(("air_time", "distance", "hour", "minute"), "SMALLINT"),
    "time_hour": "TIMESTAMP",
}
WEATHER = {
    "origin": "VARCHAR",
    **dict.fromkeys(("year", "month", "day", "hour"), "SMALLINT"),
    **dict.fromkeys(("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust"), "DOUBLE"),
    **dict.fromkeys(("precip", "pressure", "visib"), "DOUBLE"),
    "time_hour": "TIMESTAMP",
}
AIRLINES = {"carrier": "VARCHAR", "name": "VARCHAR"}


class OtherColumns(ValueError):
    """A CSV file that has not the columns that it should have."""


def csv(paths: Iterable[Path], columns: dict[str, str]) -> str:
    """Return the SQL that reads CSV files with these columns."""
    paths = list(paths)
    for path in paths:
        _check_header(path, list(columns))
    return f"read_csv({files(paths)}, columns = {columns}, header = true, nullstr = 'NA', auto_detect = false)"


def parquet(paths: Iterable[Path]) -> str:
    """Return the SQL that reads Parquet files, with the columns that their folders name."""
    types = "{'carrier': VARCHAR, 'month': VARCHAR}"
    return f"read_parquet({files(paths)}, hive_partitioning = true, hive_types = {types})"


def files(paths: Iterable[Path]) -> str:
    """Return a list literal of SQL. The paths are the tasks' own and hold no quotes."""
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]"


def _check_header(path: Path, columns: list[str]) -> None:
    # DuckDB goes by the order of the columns and skips their names unread
    with path.open() as file:
        found = file.readline().strip().split(",")
    if found != columns:
        raise OtherColumns(f"{path}: the columns are {', '.join(found)}, and not {', '.join(columns)}")
