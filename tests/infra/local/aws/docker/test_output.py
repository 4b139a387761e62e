"""Two streams in one file."""

import io
from pathlib import Path

from infra.local.aws.docker import output


def frames(*parts: tuple[int, bytes]) -> io.BytesIO:
    return io.BytesIO(b"".join(output.HEADER.pack(stream, len(data)) + data for stream, data in parts))


def test_lines_of_two_streams_are_not_mixed(tmp_path: Path) -> None:
    sent = frames((1, b"one\ntw"), (2, b"error\nanother"), (1, b"o\n"), (2, b" error\n"), (1, b"\xff no end"))
    output.copy(sent, tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b"one\nerror\ntwo\nanother error\n\xff no end"


def test_both_may_end_without_a_newline(tmp_path: Path) -> None:
    output.copy(frames((2, b"b"), (1, b"a")), tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b"a\nb"


def test_what_is_cut_off_ends_it(tmp_path: Path) -> None:
    output.copy(io.BytesIO(frames((1, b"whole\n")).read() + b"\x01\0\0"), tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b"whole\n"
