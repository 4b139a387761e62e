"""How raw files are read."""

from pathlib import Path

import duckdb
import pytest

from pipelines.flights.raw import AIRLINES, OtherColumns, csv, files


def read(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as db:
        return db.execute(f"SELECT * FROM {csv([path], AIRLINES)}").fetchall()


def test_na_is_null_and_the_header_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "airlines.csv"
    path.write_text("carrier,name\nUA,NA\n")
    assert read(path) == [("UA", None)]


@pytest.mark.parametrize("header", ["name,carrier", "carrier", "carrier,name,country", ""])
def test_other_columns_are_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "airlines.csv"
    path.write_text(f"{header}\n")
    found = ", ".join(header.split(","))
    with pytest.raises(OtherColumns) as failed:
        read(path)
    assert str(failed.value) == f"{path}: the columns are {found}, and not carrier, name"


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "airlines.csv"
    path.write_bytes(b"carrier,name\r\nUA,United\r\n")
    assert read(path) == [("UA", "United")]


def test_files_are_a_list_of_sql() -> None:
    assert files([Path("/a/b.csv"), Path("/c.csv")]) == "['/a/b.csv', '/c.csv']"
