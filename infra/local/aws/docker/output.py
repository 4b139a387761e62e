"""A container's two streams in one file, as the awslogs driver sees them: whole lines, in the order of their ends.

https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Container/operation/ContainerAttach
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

HEADER = struct.Struct(">BxxxL")  # which stream, and how many bytes of it follow


def copy(source: BinaryIO, target: Path) -> None:
    """Write what ``source`` sends to ``target`` until it ends."""
    begun = {1: b"", 2: b""}
    with target.open("wb", buffering=0) as file:
        for stream, data in _frames(source):
            lines, newline, begun[stream] = (begun[stream] + data).rpartition(b"\n")
            file.write(lines + newline)
        file.write(b"\n".join(filter(None, begun.values())))


def _frames(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    while len(header := source.read(HEADER.size)) == HEADER.size:
        stream, size = HEADER.unpack(header)
        yield stream, source.read(size)
