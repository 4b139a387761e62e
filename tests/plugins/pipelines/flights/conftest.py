"""A lake with the raw files, and what a run does with them as far as a test wants it."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.flights import inventory, marts, partitions, report
from pipelines.lake import Lake
from tests.plugins.pipelines.flights import raw_files

Load = Callable[..., dict[str, list[dict[str, Any]]]]


@pytest.fixture
def lake(lake: Lake) -> Lake:
    raw_files.put_all(lake)
    return lake


@pytest.fixture
def load(lake: Lake) -> Load:
    """A function that lists and loads, as the first two steps of the DAG do; it returns what they return."""
    return lambda **selection: load_into(lake, **selection)


@pytest.fixture(scope="package")
def finished(_s3: Any) -> Lake:
    """A lake after a whole run, only to be looked at: it is made once."""
    _s3.create_bucket(Bucket="finished", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    lake = Lake("finished")
    raw_files.put_all(lake)
    load_into(lake)
    marts.build(lake)
    report.write(lake)
    return lake


def load_into(lake: Lake, **selection: Any) -> dict[str, list[dict[str, Any]]]:
    asked = {"carriers": [], "months": [], **selection}
    work = {size: inventory.list_new(lake, size, **asked) for size in ("small", "large")}
    return {size: [partitions.load(lake, **entry) for entry in entries] for size, entries in work.items()}
