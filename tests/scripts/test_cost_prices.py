"""The data file of prices."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scripts.costs.prices import FILE, UnknownPrice, load

DATA = json.loads(FILE.read_text())
ENTRIES = [(region, name, entry) for region, prices in DATA["regions"].items() for name, entry in prices.items()]
SOURCE = r"https://([a-z0-9-]+\.)*(aws\.amazon\.com|amazonaws\.com)/\S+"


def test_there_are_prices_of_both_regions() -> None:
    assert {"us-east-1", "ap-northeast-2"} <= set(DATA["regions"])
    assert len(ENTRIES) > 60


@pytest.mark.parametrize(("region", "name", "entry"), ENTRIES, ids=lambda part: part if isinstance(part, str) else "")
def test_every_price_says_where_it_is_from(region: str, name: str, entry: dict[str, Any]) -> None:
    assert set(entry) - {"note"} == {"usd", "unit", "source", "date", "evidence", "confirmed"}
    assert 0 <= entry["usd"] < 1
    assert re.fullmatch(SOURCE, entry["source"]), "a page or list of AWS, where it can be looked up"
    assert date(2026, 1, 1) <= date.fromisoformat(entry["date"]) <= date.today()
    assert entry["evidence"] in DATA["evidence"]
    assert entry["confirmed"] == (entry["evidence"] in ("aws-page", "price-list"))


def test_all_regions_have_the_same_prices() -> None:
    assert len({tuple(sorted(prices)) for prices in DATA["regions"].values()}) == 1


@pytest.mark.parametrize(
    ("name", "virginia", "seoul"),
    [
        ("nat_hour", 0.045, 0.059),
        ("nat_gb", 0.045, 0.059),
        ("endpoint_hour", 0.01, 0.013),
        ("endpoint_gb", 0.01, 0.01),
        ("s3_gateway", 0, 0),
        ("fargate_x86_64_vcpu_hour", 0.04048, 0.04656),
        ("fargate_x86_64_gb_hour", 0.004445, 0.00511),
        ("fargate_arm64_vcpu_hour", 0.03238, 0.03725),
        ("fargate_arm64_gb_hour", 0.00356, 0.00409),
    ],
)
def test_the_prices_that_decide(name: str, virginia: float, seoul: float) -> None:
    assert (load("us-east-1")[name].usd, load("ap-northeast-2")[name].usd) == (virginia, seoul)
    assert load("us-east-1")[name].confirmed
    assert load("ap-northeast-2")[name].confirmed


def test_an_unknown_region_is_an_error_that_says_how_to_add_it(tmp_path: Path) -> None:
    with pytest.raises(UnknownPrice) as error:
        load("eu-west-1")
    assert "known are ap-northeast-2, us-east-1" in str(error.value)
    assert "infra/prices.json" in str(error.value)
    block = DATA["regions"]["us-east-1"]
    (tmp_path / "prices.json").write_text(json.dumps({"regions": {"eu-west-1": block}}))
    assert load("eu-west-1", tmp_path / "prices.json")["nat_hour"].usd == 0.045


def test_an_unknown_size_names_those_that_are_known() -> None:
    with pytest.raises(UnknownPrice, match=r"known are t4g.small, .*\"host_c5.large_hour\""):
        load("us-east-1").host("c5.large")
    with pytest.raises(UnknownPrice, match=r"known are db.t4g.micro, "):
        load("us-east-1").database("db.m7g.large")


def test_the_footnote_of_a_price_that_is_not_confirmed() -> None:
    price = load("us-east-1").database("db.t4g.medium")
    assert not price.confirmed
    assert price.footnote() == (
        "database_db.t4g.medium_hour, $0.065 per instance-hour, is not confirmed (third-party): "
        "https://aws.amazon.com/rds/postgresql/pricing/"
    )
