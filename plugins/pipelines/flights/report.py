"""The report: one HTML file with its charts in it, which needs nothing from anywhere."""

import logging
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

log = logging.getLogger(__name__)

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
    log.info("%s: %s", lake.url(KEY), "written" if changed else "as it was")
    return {"key": KEY, "url": lake.url(KEY), "changed": changed}


def render(tables: dict[str, Rows]) -> str:
    """Return the page for the rows of the marts."""
    carriers = sorted(tables["carriers"], key=lambda row: -row["flights"])
    months = [row["month"] for row in tables["months"]]
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["jinja"]))
    return environment.get_template(TEMPLATE).render(
        **_figures(carriers),
        carriers=carriers,
        first=min(months, default=None),
        last=max(months, default=None),
        charts=_charts(tables),
    )


def _figures(carriers: Rows) -> dict[str, Any]:
    flights, cancelled = (sum(row[name] for row in carriers) for name in ("flights", "cancelled"))
    minutes = sum((row["flights"] - row["cancelled"]) * (row["mean_delay"] or 0) for row in carriers)
    return {
        "flights": flights,
        "mean_delay": minutes / (flights - cancelled) if flights > cancelled else None,
        "cancelled_percent": 100 * cancelled / flights if flights else None,
    }


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
        _bars(
            "Mean departure delay by carrier",
            "Minutes, all flights of the carrier that left.",
            {row["carrier"]: row["mean_delay"] for row in by_delay},
        ),
        _bars(
            "Late flights by hour",
            "Per cent, by the hour of the scheduled departure: delays pile up over the day.",
            {f"{row['hour']}": row["late_percent"] for row in tables["hours"]},
        ),
        _lines("Late flights by month", "Per cent, one line a carrier.", tables["months"]),
        _bars(
            "Late flights and wind",
            "Per cent, by wind speed at the airport in mph.",
            {f"{row['mph_from']}+": row["late_percent"] for row in tables["wind"]},
        ),
        _bars(
            "Late flights and visibility",
            "Per cent, by visibility at the airport in miles.",
            {f"{row['miles_from']}+": row["late_percent"] for row in tables["visibility"]},
        ),
    ]


def _bars(title: str, text: str, values: dict[str, float | None]) -> Chart:
    drawing = _plain(pygal.Bar, title, show_legend=False, x_labels=list(values))
    drawing.add("", list(values.values()))
    return Chart(title, text, _svg(drawing))


def _lines(title: str, text: str, rows: Rows) -> Chart:
    labels = sorted({row["month"] for row in rows})
    drawing = _plain(pygal.Line, title, width=1080, margin_left=40, x_labels=labels)
    for carrier in sorted({row["carrier"] for row in rows}):
        values = {row["month"]: row["late_percent"] for row in rows if row["carrier"] == carrier}
        drawing.add(carrier, [values.get(label) for label in labels])
    return Chart(title, text, _svg(drawing), wide=True)


def _plain(kind: Any, title: str, **options: Any) -> Any:
    """Return a chart that is the same whenever it is drawn: its id comes from its title."""
    settings = {"style": STYLE, "js": (), "height": 330, "width": 620, "margin": 6, "disable_xml_declaration": True}
    drawing = kind(**{**settings, **options})
    drawing.uuid = title.lower().replace(" ", "-")
    drawing.add_xml_filter(_bare)
    return drawing


def _svg(drawing: Any) -> str:
    return str(drawing.render(is_unicode=True))


def _bare(svg: Any) -> Any:
    """Take out what pygal puts into every chart: a script, and comments, one of them with today's date."""
    for parent in list(svg.iter()):
        for child in list(parent):
            if child.tag == "script" or not isinstance(child.tag, str):
                parent.remove(child)
    return svg
