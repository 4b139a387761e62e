"""The networks as a picture: where the money goes, and how it grows with the starts."""

import math
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style

from scripts.costs.bill import ENDPOINT_BYTES, ENDPOINT_HOURS, NAT_BYTES, NAT_HOURS, ZONES, Bill, bill
from scripts.costs.break_even import a_week
from scripts.costs.prices import Prices
from scripts.costs.workload import Workload

WIDTH, HEIGHT, HEAD = 1240, 440, 40
STEPS = 8
ITEM_COLORS = {
    NAT_HOURS: "#e0a458",
    NAT_BYTES: "#c0392b",
    ZONES: "#e08283",
    ENDPOINT_HOURS: "#2e6da4",
    ENDPOINT_BYTES: "#7fb2e5",
}
NETWORK_COLORS = {"closed": "#2e6da4", "single": "#e0a458", "per_az": "#8a6d3b", "trap": "#c0392b", "ecr": "#4d9078"}
GUIDES = {"color": "#dddddd", "dasharray": "none"}
CHROMIUM = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=2"),
    *(f"--window-size={WIDTH},{HEIGHT + HEAD}", "--screenshot={png}", "file://{svg}"),
)
PNG_MAKERS = {
    "rsvg-convert": ("--output", "{png}", "{svg}"),
    **dict.fromkeys(("chromium", "chromium-browser", "google-chrome"), CHROMIUM),
}


class NoPicture(Exception):
    """A picture that cannot be made; the message says what would do."""


def save(path: Path, bills: Sequence[Bill], work: Workload, prices: Prices) -> None:
    """Write the picture as its suffix says.

    :raises NoPicture: for another suffix, and where nothing on this machine makes a PNG
    """
    if path.suffix not in (".svg", ".png"):
        raise NoPicture(f"--plot {path}: a name that ends in .svg or .png")
    image = svg(bills, work, prices)
    if path.suffix == ".svg":
        path.write_text(image)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "cost.svg"
        source.write_text(image)
        _png(source, path.resolve())


def _png(source: Path, path: Path) -> None:
    found = next(filter(shutil.which, PNG_MAKERS), None)
    if not found:
        raise NoPicture(
            f"--plot {path}: a .png needs one of {', '.join(PNG_MAKERS)} on PATH "
            "(apt install librsvg2-bin); a .svg needs none"
        )
    command = [found, *(part.format(png=path, svg=source) for part in PNG_MAKERS[found])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode or not path.exists():
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NoPicture(f"--plot {path}: {found} failed: {last}")


def svg(bills: Sequence[Bill], work: Workload, prices: Prices) -> str:
    """Return both charts side by side, the same text for the same numbers."""
    half, height = WIDTH // 2, HEIGHT + HEAD
    left, right = _bars(bills, half), _lines(bills, work, prices, half)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f'<text x="20" y="28" font-family="sans-serif" font-size="16">{_heading(bills, work, prices)}</text>\n'
        f'<g transform="translate(0 {HEAD})">{left}</g>\n'
        f'<g transform="translate({half} {HEAD})">{right}</g>\n'
        "</svg>\n"
    )


def _heading(bills: Sequence[Bill], work: Workload, prices: Prices) -> str:
    worst = max(each.traffic.nat for each in bills)
    return (
        f"{prices.region}, {work.starts:,.0f} starts a month, image of {work.image_mb:g} MB: without the S3 gateway "
        f"endpoint {a_week(worst) / 1000:,.2f} TB a week go through NAT"
    )


def _bars(bills: Sequence[Bill], width: int) -> str:
    """Return what the network of each choice costs, by what it is paid for."""
    bills = list(reversed(bills))
    labels = [f"{each.network.title}: ${each.network_usd:,.0f}" for each in bills]
    items = [item for item in ITEM_COLORS if any(each.has(item) for each in bills)]
    colors = [ITEM_COLORS[item] for item in items]
    marks = _marks(max(each.network_usd for each in bills))
    title = "the network, USD a month"
    chart = _chart(pygal.HorizontalStackedBar, title, width, colors, x_labels=labels, y_labels=marks)
    for item in items:
        chart.add(item, [round(each.of(item), 2) for each in bills])
    return _text(chart)


def _lines(bills: Sequence[Bill], work: Workload, prices: Prices, width: int) -> str:
    """Return how the same grows with the starts, up to twice what was asked for."""
    most = max(work.starts * 2, 1)
    highest = max(bill(each.network, replace(work, starts=most), prices).network_usd for each in bills)
    chart = _chart(
        pygal.XY,
        "the same by starts a month",
        width,
        [NETWORK_COLORS[each.network.key] for each in bills],
        show_dots=False,
        x_labels=[most * step / 4 for step in range(5)],
        y_labels=_marks(highest),
        x_value_formatter=lambda value: f"{value:,.0f}",
    )
    for each in bills:
        points = [most * step / STEPS for step in range(STEPS + 1)]
        costs = [bill(each.network, replace(work, starts=starts), prices).network_usd for starts in points]
        curve = [(x, round(y, 2)) for x, y in zip(points, costs, strict=True)]
        chart.add(each.network.title, curve)
    return _text(chart)


def _marks(most: float) -> list[float]:
    """Return four to ten round numbers from 0 to just above ``most``."""
    power = 10 ** math.floor(math.log10(max(most, 1)))
    step = next(power * part for part in (0.2, 0.5, 1, 2) if most / (power * part) <= 8)
    return [step * count for count in range(math.ceil(most / step) + 1)]


def _chart(kind: Any, title: str, width: int, colors: Sequence[str], **options: Any) -> Any:
    """Return a chart that is the same whenever it is drawn: its id comes from its kind."""
    settings = {
        **{
            "js": (),
            "width": width,
            "height": HEIGHT,
            "margin": 10,
            "margin_bottom": 30,
            "title": title,
            "style": _style(colors),
        },
        **{"disable_xml_declaration": True, "explicit_size": True, "truncate_label": -1, "truncate_legend": -1},
        **{"legend_at_bottom": True, "legend_at_bottom_columns": 3, "legend_box_size": 10},
        **{"value_formatter": lambda value: f"{value:,.0f}"},
    }
    chart = kind(**{**settings, **options})
    chart.uuid = f"cost-{kind.__name__.lower()}"
    chart.add_xml_filter(_bare)
    return chart


def _style(colors: Sequence[str]) -> Style:
    sizes = {f"{part}_font_size": 11 for part in ("label", "major_label", "legend", "value")}
    guides = {f"{kind}guide_stroke_{what}": to for kind in ("", "major_") for what, to in GUIDES.items()}
    white = {"background": "#ffffff", "plot_background": "#ffffff", "opacity": "1", "stroke_width": "2"}
    return Style(colors=tuple(colors), font_family="sans-serif", title_font_size=14, **sizes, **guides, **white)


def _text(chart: Any) -> str:
    return str(chart.render(is_unicode=True))


def _bare(svg: Any) -> Any:
    """Take out what pygal puts into every chart: a script, and comments, one of them with today's date."""
    for parent in list(svg.iter()):
        for child in list(parent):
            if child.tag == "script" or not isinstance(child.tag, str):
                parent.remove(child)
    return svg
