"""What is new in the raw data, carrier by carrier."""

import csv
import io
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.lake import Lake

log = logging.getLogger(__name__)

RAW = "raw/flights/"
STATE = "flights/_state/"
LARGE_ROWS = 40_000  # above this a carrier's task gets the larger size


class UnknownInput(ValueError):
    """Carriers or months that the raw data do not have; the message lists those that it has."""


@dataclass(frozen=True)
class Work:
    """The new raw files of one carrier: ``files`` maps the key of a monthly CSV to its ETag."""

    carrier: str
    label: str
    files: dict[str, str]
    rows: int


def list_new(
    lake: Lake, size: str, carriers: list[str], months: list[str], force: bool = False
) -> list[dict[str, Any]]:
    """Return the work of one size that is to be done, an entry a carrier.

    :param size: ``small`` or ``large``, as ``size_of`` says
    :param carriers: codes such as ``UA``; empty means all
    :param months: such as ``2013-01``; empty means all
    :param force: also what was done before with the very same files
    :raises UnknownInput: for a carrier or month that is not in the raw data
    """
    files = _monthly_files(lake, months)
    counts = {key: _counts(lake, key) for key in files}
    everyone = sorted({carrier for by_carrier in counts.values() for carrier in by_carrier})
    _check("carriers", carriers, everyone, months)
    names, work = _names(lake), []
    for carrier in carriers or everyone:
        done = {} if force else lake.read_json(f"{STATE}{carrier}.json", {})
        new = {key: etag for key, etag in files.items() if done.get(key) != etag and carrier in counts[key]}
        rows = sum(counts[key][carrier] for key in new)
        if new and size_of(rows) == size:
            label = f"{carrier} · {names.get(carrier, 'unknown carrier')}"
            work.append(asdict(Work(carrier, label, new, rows)))
    log.info("%s: %s", size, ", ".join(entry["label"] for entry in work) or "nothing new")
    return work


def size_of(rows: int) -> str:
    """Return the size of task that so many rows need."""
    return "large" if rows > LARGE_ROWS else "small"


def mark_done(lake: Lake, loaded: Mapping[str, Iterable[dict[str, Any]] | None]) -> None:
    """Remember what was loaded, so that ``list_new`` does not list it again.

    The last step of a run: what failed in a check or in the report is loaded again by the next one.

    :param loaded: what the tasks of each size returned (``partitions.load``); None where none ran
    """
    for result in (result for results in loaded.values() for result in results or ()):
        key = f"{STATE}{result['carrier']}.json"
        done = {**lake.read_json(key, {}), **result["files"]}
        lake.write(key, json.dumps(done, sort_keys=True, indent=1).encode())


def _monthly_files(lake: Lake, months: list[str]) -> dict[str, str]:
    found = {key: etag for key, etag in lake.find(RAW).items() if key.endswith(".csv")}
    known = [month_of(key) for key in found]
    _check("months", months, sorted(known))
    return {key: etag for key, etag in found.items() if not months or month_of(key) in months}


def _counts(lake: Lake, key: str) -> dict[str, int]:
    manifest = key.replace(".csv", ".json")
    found = lake.read_json(manifest)
    if found is None:
        raise UnknownInput(f"{lake.url(manifest)} is not there: the ingest writes it beside each CSV")
    counts: dict[str, int] = found["carriers"]
    return counts


def month_of(key: str) -> str:
    """Return ``2013-01`` of ``raw/flights/2013-01.csv``."""
    return key.removeprefix(RAW).removesuffix(".csv")


def _names(lake: Lake) -> dict[str, str]:
    text = (lake.read("raw/airlines.csv") or b"").decode()
    return {row["carrier"]: row["name"].strip() for row in csv.DictReader(io.StringIO(text))}


def _check(what: str, asked: list[str], known: list[str], months: list[str] | None = None) -> None:
    unknown = ", ".join(sorted(set(asked) - set(known)))
    if unknown:
        where = f"the raw data of {', '.join(months)}" if months else "the raw data"
        raise UnknownInput(f"{what} {unknown}: not in {where}, which have {', '.join(known) or 'none'}")
