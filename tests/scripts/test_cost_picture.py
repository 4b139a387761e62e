"""The picture, and that the one in the README is up to date."""

import shutil
import stat
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from scripts import cost
from scripts.costs import picture
from scripts.costs.bill import bill
from scripts.costs.networks import networks
from tests.scripts.test_cost_bill import PRICES, work

README_PICTURE = Path(__file__).parent / "images" / "cost.svg"
README_ARGUMENTS = ["--every", "60", "--image-mb", "500", "--region", "us-east-1"]


def drawn(starts: float = 43_800) -> str:
    load = work(starts=starts)
    return picture.svg([bill(network, load, PRICES) for network in networks(11)], load, PRICES)


def test_the_picture_of_the_readme_is_up_to_date(tmp_path: Path) -> None:
    assert cost.main([*README_ARGUMENTS, "--plot", str(tmp_path / "cost.svg")]) == 0
    command = f"scripts/cost {' '.join(README_ARGUMENTS)} --plot tests/scripts/images/cost.svg"
    assert README_PICTURE.read_text() == (tmp_path / "cost.svg").read_text(), f"run {command}"


def test_it_shows_the_case() -> None:
    texts = [text.strip() for text in ET.fromstring(drawn()).itertext()]
    assert any("5.04 TB a week go through NAT" in text for text in texts)
    for label in ("endpoints, no NAT: $161", "1 NAT + S3 gateway: $37", "1 NAT, no S3 gateway: $1,241"):
        assert label in texts


def test_it_is_a_plain_picture() -> None:
    image = drawn()
    assert image == drawn()
    assert {"script", "foreignObject"}.isdisjoint(
        element.tag.rpartition("}")[2] for element in ET.fromstring(image).iter()
    )
    assert "<!--" not in image


@pytest.mark.parametrize("starts", [0, 1, 1e9])
def test_any_number_of_starts_can_be_drawn(starts: float) -> None:
    assert ET.fromstring(drawn(starts)).tag.endswith("svg")


@pytest.mark.parametrize(
    ("most", "marks"),
    [(0, 1), (161, 5), (999, 6), (1242, 8), (2450, 6), (10_000, 6)],
)
def test_the_marks_of_an_axis(most: float, marks: int) -> None:
    found = picture._marks(most)
    assert (found[0], len(found)) == (0, marks)
    assert found[-1] >= most


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    for name, body in programs.items():
        file = folder / name.replace("_", "-")
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


def test_a_png_is_made_by_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "cost.png"
    on_path(tmp_path, monkeypatch, rsvg_convert='echo "$1 $2" > "$2"')
    assert cost.main(["--plot", str(plot)]) == 0
    assert plot.read_text() == f"--output {plot}\n"


def test_where_nothing_makes_a_png_it_says_what_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_path(tmp_path, monkeypatch)
    assert cost.main(["--plot", str(tmp_path / "cost.png")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "a .png needs one of rsvg-convert, chromium" in told.err
    assert "a .svg needs none" in told.err


def test_a_maker_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_path(tmp_path, monkeypatch, rsvg_convert="echo no memory >&2; exit 3")
    assert cost.main(["--plot", str(tmp_path / "cost.png")]) == 2
    assert "rsvg-convert failed: no memory" in capsys.readouterr().err


@pytest.mark.browser
def test_a_png_by_chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which("chromium") or pytest.skip("needs chromium on PATH: apt install chromium")
    monkeypatch.setattr(picture, "PNG_MAKERS", {found: picture.CHROMIUM})
    assert cost.main(["--plot", str(tmp_path / "cost.png")]) == 0
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")


def test_another_suffix_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cost.main(["--plot", str(tmp_path / "cost.pdf")]) == 2
    assert capsys.readouterr().err.endswith("cost.pdf: a name that ends in .svg or .png\n")
