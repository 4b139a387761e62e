"""One HTTP/1.1 connection without retries: each way in which a request can be lost has a name."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


class Lost(Exception):
    """A request without a whole answer; the message is the kind of loss."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def last(self) -> bool:
        """Tell whether the server said that it closes the connection."""
        return self.headers.get("connection", "").lower() == "close"


@dataclass(frozen=True)
class Target:
    """Where requests go: ``url`` names scheme and host, ``address`` what is connected to."""

    url: str
    address: tuple[str, int]

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def tls(self) -> ssl.SSLContext | None:
        if urlsplit(self.url).scheme == "http":
            return None
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


class Connection:
    def __init__(self, target: Target, tls: ssl.SSLContext | None) -> None:
        self.target, self.tls = target, tls
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    @property
    def usable(self) -> bool:
        """Tell whether it is open as far as a client can know before it sends."""
        return self.reader is not None and not self.reader.at_eof()

    async def open(self) -> None:
        name = self.target.host.partition(":")[0] if self.tls else None
        try:
            self.reader, self.writer = await asyncio.open_connection(
                *self.target.address, ssl=self.tls, server_hostname=name
            )
        except ConnectionRefusedError:
            raise Lost("refused")
        except (ConnectionError, ssl.SSLError) as error:
            raise Lost(f"no connection: {type(error).__name__}")

    async def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send once, and return the whole answer or raise Lost."""
        head = {"Host": self.target.host, "Content-Length": str(len(body)), **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        assert self.reader is not None
        assert self.writer is not None
        try:
            self.writer.write("\r\n".join(lines).encode() + body)
            await self.writer.drain()
            answer = await read_answer(self.reader)
        except asyncio.IncompleteReadError as error:
            raise Lost("cut off" if error.partial else "closed before an answer")
        except (ConnectionError, ssl.SSLError):
            raise Lost("reset")
        if answer.last:
            self.close()
        return answer

    def close(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, await _chunks(reader))
    length = 0 if status == 204 else int(headers.get("content-length", 0))
    try:
        return Answer(status, headers, await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        raise Lost("cut off")  # after the head, be the body empty so far or not


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    try:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
    except asyncio.IncompleteReadError:
        raise Lost("cut off")
    return body
