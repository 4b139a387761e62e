"""The report shows the figures of the marts, and asks a browser for nothing."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from pipelines.flights import marts, report
from pipelines.lake import Lake
from tests.plugins.conftest import Said
from tests.plugins.pipelines.flights.conftest import Load

LOADING = {
    "src",
    "href",
    "srcset",
    "data",
    "action",
    "poster",
    "background",
    "ping",
    "{http://www.w3.org/1999/xlink}href",
}


class Page(HTMLParser):
    """What a test wants to know of an HTML page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.comments: list[str] = []
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        self._open.append(tag)
        if tag in ("td", "b"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("td", "b"):
            self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def values(self, name: str) -> list[str]:
        return [value or "" for attribute, value in self.attributes if attribute == name]


def measures(flights: int, cancelled: int, mean: float | None, late: float | None) -> dict[str, Any]:
    return {"flights": flights, "cancelled": cancelled, "mean_delay": mean, "late_percent": late}


def tables(**changes: list[dict[str, Any]]) -> dict[str, report.Rows]:
    """Return empty marts but for the changes."""
    return {**{name: [] for name in marts.TABLES}, **changes}


@pytest.fixture(scope="module")
def html(finished: Lake) -> str:
    return (finished.read(report.KEY) or b"").decode()


def test_it_shows_figures_that_were_worked_out_by_hand(html: str) -> None:
    figures = ["10", "3", "12.5 min", "20.0 %"]
    united = ["UA", "United Air Lines Inc.", "6", "1", "8.8", "40.0"]
    american = ["AA", "American Airlines Inc.", "3", "0", "18.7", "66.7"]
    grounded = ["OO", "SkyWest & Sons", "1", "1", "–", "–"]
    assert Page(html).cells == [*figures, *united, *american, *grounded]
    assert "Departures from EWR, JFK and LGA, 2013-01 to 2013-02." in html


def test_large_numbers_are_grouped() -> None:
    row = {"carrier": "UA", "name": "United", **measures(1_234_567, 4_321, 1, 2)}
    cells = Page(report.render(tables(carriers=[row]))).cells
    assert (cells[0], cells[6], cells[7]) == ("1,234,567", "1,234,567", "4,321")


def test_it_has_five_charts_with_their_values(html: str) -> None:
    page = Page(html)
    assert page.tags["svg"] == 5
    assert len(set(page.values("id"))) == len(page.values("id"))
    assert [page.tags["rect"] > 0, "chart-late-flights-by-month" in page.values("id")] == [True, True]
    for value in ("33.33", "66.67", "18.67"):
        assert value in html


def test_it_has_no_script(html: str) -> None:
    page = Page(html)
    assert page.tags["svg"] == 5
    assert page.tags["script"] == page.tags["iframe"] == page.tags["object"] == 0
    assert [name for name, _ in page.attributes if name.startswith("on")] == []


def test_a_browser_has_nothing_to_load(html: str) -> None:
    page = Page(html)
    assert [pair for pair in page.attributes if pair[0] in LOADING or pair[0].endswith(":href")] == []
    assert page.tags["link"] == page.tags["img"] == page.tags["image"] == 0
    assert re.findall(r"@import|url\((?!#)", html) == []
    namespaces = {value for name, value in page.attributes if name.startswith("xmlns")}
    assert set(re.findall(r"https?://[^\"'\s<]+", html)) == namespaces


def test_it_does_not_depend_on_the_day_of_its_making(html: str) -> None:
    assert Page(html).comments == []  # pygal writes today's date into one


def test_the_same_marts_give_the_same_bytes(finished: Lake, html: str) -> None:
    assert report.write(finished) == {
        "key": "reports/flight_delays.html",
        "url": "s3://finished/reports/flight_delays.html",
        "changed": False,
    }
    assert finished.read(report.KEY) == html.encode()
    assert report.render(report._tables(finished)) == html


def test_the_first_report_is_a_change(lake: Lake, load: Load, said: Said) -> None:
    load()
    marts.build(lake)
    said()
    assert [report.write(lake)["changed"], report.write(lake)["changed"]] == [True, False]
    url = "s3://lake/reports/flight_delays.html"
    assert said() == [f"{url}: written", f"{url}: as it was"]


def test_a_name_is_text_and_no_html() -> None:
    row = {"carrier": "UA", "name": "<script>alert(1)</script>", **measures(1, 0, 1, 2)}
    html = report.render(tables(carriers=[row]))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert Page(html).tags["script"] == 0


def test_empty_marts_make_an_empty_report() -> None:
    html = report.render(tables())
    assert Page(html).cells == ["0", "0", "–", "–"]
    assert "Departures from EWR, JFK and LGA. A flight" in html
    assert Page(html).tags["svg"] == 5


@pytest.mark.parametrize("empty", marts.TABLES)
def test_one_empty_table_does_not_matter_to_the_others(finished: Lake, empty: str) -> None:
    found = report._tables(finished)
    assert found[empty] != []
    assert Page(report.render({**found, empty: []})).tags["svg"] == 5


def test_a_carrier_that_never_took_off_is_told_from_a_punctual_one() -> None:
    grounded = {"carrier": "OO", "name": "SkyWest", **measures(2, 2, None, None)}
    punctual = {"carrier": "UA", "name": "United", **measures(1, 0, 0.0, 0.0)}
    cells = Page(report.render(tables(carriers=[grounded, punctual]))).cells
    assert cells[:4] == ["3", "2", "0.0 min", "66.7 %"]
    assert cells[4:] == ["OO", "SkyWest", "2", "2", "–", "–", "UA", "United", "1", "0", "0.0", "0.0"]
