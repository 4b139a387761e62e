"""Delays joined with the weather, as small tables that a report can be drawn from."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from pipelines.flights.partitions import PREFIX
from pipelines.flights.raw import AIRLINES, WEATHER, csv, parquet
from pipelines.lake import Lake

log = logging.getLogger(__name__)

MARTS = "marts/flight_delays/"
RAW_WEATHER = "raw/weather/"

MEASURES = """
    count(*) AS flights,
    count(*) FILTER (dep_delay IS NULL) AS cancelled,
    round(avg(dep_delay), 2) AS mean_delay,
    round(100.0 * count(*) FILTER (dep_delay > 15) / nullif(count(dep_delay), 0), 2) AS late_percent
"""
TABLES = {
    "carriers": f"SELECT carrier, name, {MEASURES} FROM joined GROUP BY ALL ORDER BY carrier",
    "months": f"SELECT carrier, month, {MEASURES} FROM joined GROUP BY ALL ORDER BY carrier, month",
    "hours": f"SELECT hour, {MEASURES} FROM joined GROUP BY ALL ORDER BY hour",
    "wind": f"""
        SELECT least(floor(wind_speed / 5) * 5, 30)::INT AS mph_from, {MEASURES}
        FROM joined WHERE wind_speed IS NOT NULL GROUP BY ALL ORDER BY mph_from
    """,
    "visibility": f"""
        SELECT CASE WHEN visib < 1 THEN 0 WHEN visib < 3 THEN 1 WHEN visib < 6 THEN 3 WHEN visib < 10 THEN 6 ELSE 10 END
               AS miles_from, {MEASURES}
        FROM joined WHERE visib IS NOT NULL GROUP BY ALL ORDER BY miles_from
    """,
}


def build(lake: Lake) -> dict[str, Any]:
    """Join all flights in the lake with the weather at their origin in their hour, and sum up.

    :returns: ``flights``, how many of them have weather (``with_weather``), ``changed`` tables
    """
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as db:
        _load(db, lake, Path(folder) / "in")
        out = Path(folder) / "out"
        out.mkdir()
        for name, query in TABLES.items():
            db.execute(f"COPY ({query}) TO '{out / name}.parquet' (FORMAT parquet)")
        changed = sum(lake.upload(out, MARTS))
        row = db.execute("SELECT count(*), count(wind_speed) FROM joined").fetchone()
    assert row
    log.info("%s flights, %s of them with weather; %s of %s tables changed", *row, changed, len(TABLES))
    return {"flights": row[0], "with_weather": row[1], "changed": changed}


def _load(db: duckdb.DuckDBPyConnection, lake: Lake, folder: Path) -> None:
    flights = lake.download((key for key in lake.find(f"{PREFIX}carrier=")), folder)
    weather = lake.download((key for key in lake.find(RAW_WEATHER) if key.endswith(".csv")), folder)
    [airlines] = lake.download(["raw/airlines.csv"], folder)
    db.execute(
        f"""
        CREATE TABLE joined AS
        SELECT f.*, coalesce(trim(a.name), 'unknown carrier') AS name, w.wind_speed, w.visib
        FROM {parquet(flights)} f
        LEFT JOIN {csv([airlines], AIRLINES)} a USING (carrier)
        LEFT JOIN (
            SELECT origin, time_hour, any_value(wind_speed) AS wind_speed, any_value(visib) AS visib
            FROM {csv(weather, WEATHER)} GROUP BY ALL
        ) w USING (origin, time_hour)
        """
    )
