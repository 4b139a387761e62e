"""The report: one HTML file with its charts in it, which needs nothing from anywhere."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pygal
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pygal.style import Style

from pipelines.flights.marts import MARTS, TABLES
from pipelines.lake import Lake

KEY = "reports/flight_delays.html"
TEMPLATE = "report.html.jinja"
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    colors=("#0b6bcb", "#e4572e", "#2a9d5c", "#8e44ad", "#d4a017", "#1b998b", "#c2185b", "#5d6b7a"),
    font_family="system-ui, sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    guide_stroke_color="#dde3ea",
    major_guide_stroke_color="#c8d1db",
    guide_stroke_dasharray="2,3",
    major_guide_stroke_dasharray="2,3",
)
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Chart:
    """A drawing with what it shows; ``wide`` takes the whole width of the page."""

    title: str
    text: str
    svg: str
    wide: bool = False


def write(lake: Lake) -> dict[str, Any]:
    """Draw the report from the marts and put it into the lake, if it is another than before.

    :returns: ``key`` and ``url`` of the report, and whether it ``changed``
    """
    html = render(_tables(lake))
    changed = lake.write(KEY, html.encode())
    print(f"{lake.url(KEY)}: {'written' if changed else 'as it was'}")
    return {"key": KEY, "url": lake.url(KEY), "changed": changed}


def render(tables: dict[str, Rows]) -> str:
    """Return the page for the rows of the marts."""
    carriers, months = tables["carriers"], tables["months"]
    flights = sum(row["flights"] for row in carriers)
    flown = [(row["flights"] - row["cancelled"], row["mean_delay"] or 0) for row in carriers]
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["jinja"]))
    return environment.get_template(TEMPLATE).render(
        carriers=sorted(carriers, key=lambda row: -row["flights"]),
        flights=flights,
        mean_delay=sum(count * mean for count, mean in flown) / max(1, sum(count for count, _ in flown)),
        cancelled_percent=100 * sum(row["cancelled"] for row in carriers) / max(1, flights),
        first=min(row["month"] for row in months),
        last=max(row["month"] for row in months),
        charts=_charts(tables),
    )


def _tables(lake: Lake) -> dict[str, Rows]:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as db:
        paths = lake.download([f"{MARTS}{name}.parquet" for name in TABLES], Path(folder))
        return {path.stem: _rows(db, path) for path in paths}


def _rows(db: duckdb.DuckDBPyConnection, path: Path) -> Rows:
    cursor = db.execute(f"SELECT * FROM read_parquet('{path}')")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _charts(tables: dict[str, Rows]) -> list[Chart]:
    by_delay = sorted(tables["carriers"], key=lambda row: row["mean_delay"] or 0)
    return [
        Chart(
            "Mean departure delay by carrier",
            "Minutes, all flights of the carrier that left.",
            _bars([row["carrier"] for row in by_delay], [row["mean_delay"] for row in by_delay]),
        ),
        Chart(
            "Late flights by hour",
            "Per cent, by the hour of the scheduled departure: delays pile up over the day.",
            _bars([f"{row['hour']}" for row in tables["hours"]], [row["late_percent"] for row in tables["hours"]]),
        ),
        Chart("Late flights by month", "Per cent, one line a carrier.", _lines(tables["months"]), wide=True),
        Chart(
            "Late flights and wind",
            "Per cent, by wind speed at the airport in mph.",
            _bars([f"{row['mph_from']}+" for row in tables["wind"]], [row["late_percent"] for row in tables["wind"]]),
        ),
        Chart(
            "Late flights and visibility",
            "Per cent, by visibility at the airport in miles.",
            _bars(
                [f"{row['miles_from']}+" for row in tables["visibility"]],
                [row["late_percent"] for row in tables["visibility"]],
            ),
        ),
    ]


def _bars(labels: list[str], values: list[float | None]) -> str:
    chart = _plain(pygal.Bar, show_legend=False, x_labels=labels)
    chart.add("", values)
    return str(chart.render(is_unicode=True))


def _lines(rows: Rows) -> str:
    labels = sorted({row["month"] for row in rows})
    chart = _plain(pygal.Line, width=1080, x_labels=labels)
    for carrier in sorted({row["carrier"] for row in rows}):
        values = {row["month"]: row["late_percent"] for row in rows if row["carrier"] == carrier}
        chart.add(carrier, [values.get(label) for label in labels])
    return str(chart.render(is_unicode=True))


def _plain(kind: Any, **options: Any) -> Any:
    """Return a chart without scripts, and with an id that does not change from one drawing to the next."""
    settings = {"style": STYLE, "js": (), "height": 330, "width": 620, "margin": 6, "disable_xml_declaration": True}
    chart = kind(**{**settings, **options})
    chart.uuid = f"chart-{kind.__name__.lower()}-{len(options.get('x_labels', []))}-{options.get('width', 620)}"
    return chart
