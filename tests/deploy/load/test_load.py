"""Each way in which a request is lost is seen, once, and nothing is asked twice."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from scripts.ports import free_port
from tests.deploy.load.__main__ import kinds, parse
from tests.deploy.load.connection import Connection, Target
from tests.deploy.load.counter import Counter
from tests.deploy.load.kind import Kind, run
from tests.deploy.load.writes import Writes

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def server_that(*answers: bytes, then: str = "close") -> tuple[Handler, list[bytes]]:
    """A server that gives these answers, one a request, and then does something bad; and what it was asked."""
    asked: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
        if then == "silence":
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(60)
        if then == "reset":
            await reader.readuntil(b"\r\n\r\n")
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        if then == "close late":
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    return handle, asked


async def count(handler: Handler, requests: int = 1, **kind: Any) -> Counter:
    """Send so many requests to the server, and return what was counted."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    counter, stop = Counter(), asyncio.Event()

    async def watch() -> None:
        while counter.successes + counter.failures < requests:
            await asyncio.sleep(0.002)
        stop.set()

    target = Target(f"http://127.0.0.1:{port}", ("127.0.0.1", port))
    await asyncio.gather(run(Kind("k", "/", pause=0, **kind), target, counter, stop), watch())
    server.close()
    return counter


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (server_that(then="close late"), "closed before an answer"),
        (server_that(then="reset"), "reset"),
        (server_that(then="silence"), "timeout"),
        (server_that(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "cut off"),
        (server_that(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), "cut off"),
        (server_that(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "cut off"),
        (server_that(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), "status 502"),
        (server_that(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), "status 404"),
    ],
)
def test_a_lost_request_is_named(handler: tuple[Handler, list[bytes]], failure: str) -> None:
    counter = asyncio.run(count(handler[0], timeout=0.3))
    assert counter.result()["failures"].keys() == {failure}
    assert counter.successes == 0


def test_refused_is_named() -> None:
    async def refused() -> Counter:
        port, counter, stop = free_port(), Counter(), asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, stop.set)
        await run(Kind("k", "/", pause=0), Target(f"http://127.0.0.1:{port}", ("127.0.0.1", port)), counter, stop)
        return counter

    failures = asyncio.run(refused()).result()["failures"]
    assert failures.keys() == {"refused"}
    assert failures["refused"] < 10  # not as fast as it goes


def test_a_connection_is_kept_and_a_request_is_not_repeated() -> None:
    handler, asked = server_that(OK, OK, then="close late")
    counter = asyncio.run(count(handler, requests=3))
    assert (counter.successes, counter.result()["failures"]) == (2, {"closed before an answer": 1})
    assert len(asked) == 2


def test_a_close_that_was_announced_is_no_loss() -> None:
    handler, asked = server_that(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))
    counter = asyncio.run(count(handler, requests=3))
    assert (counter.failures, len(asked)) == (0, counter.successes)


def test_a_close_that_was_seen_before_sending_is_no_loss() -> None:
    async def usable() -> list[bool]:
        server = await asyncio.start_server(server_that(OK)[0], "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = Connection(Target("http://x", ("127.0.0.1", port)), None)
        await connection.open()
        before = connection.usable
        await connection.request("GET", "/", {})
        await asyncio.sleep(0.1)
        server.close()
        return [before, connection.usable]

    assert asyncio.run(usable()) == [True, False]


def test_the_longest_gap_is_between_successes_while_something_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("tests.deploy.load.counter.time.monotonic", lambda: now)
    counter = Counter()
    for now in (105.0, 106.0, 109.5, 110.0):  # noqa: B007
        counter.ok("k", 0.1)
    now = 112.0
    assert counter.result()["kinds"]["k"]["longest_gap_s"] == 3.5
    now = 114.0
    counter.end()
    now = 130.0
    counter.ok("k", 20)
    assert counter.result()["kinds"]["k"]["longest_gap_s"] == 4.0


def test_writes_that_are_missing_or_doubled_are_found() -> None:
    writes = Writes({})
    kind = writes.kind()
    bodies = [kind.body() for _ in range(4)]
    for body in bodies[:3]:
        kind.acknowledged(body)
    keys = [json.loads(body)["key"] for body in bodies]
    there = [keys[0], keys[1], keys[1], keys[3]]
    body = json.dumps({"variables": [{"key": key} for key in there]}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async def check() -> dict[str, Any]:
        server = await asyncio.start_server(server_that(answer)[0], "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found = await writes.check(Target(f"http://127.0.0.1:{port}", ("127.0.0.1", port)))
        server.close()
        return found

    found = asyncio.run(check())
    assert (found["sent"], found["acknowledged"]) == (4, 3)
    assert (found["missing"], found["twice"], found["not_acknowledged"]) == ([keys[2]], [keys[1]], [keys[3]])


def test_a_chunked_answer_is_read_whole() -> None:
    async def read() -> bytes:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        server = await asyncio.start_server(server_that(chunked)[0], "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = Connection(Target("http://x", ("127.0.0.1", port)), None)
        await connection.open()
        answer = await connection.request("GET", "/", {})
        connection.close()
        server.close()
        return answer.body

    assert asyncio.run(read()) == b"hello world"


def test_the_command_line_has_each_kind() -> None:
    options = parse(["--url", "https://a", "--address", "127.0.0.1:443", "--long", "/slow", "--stream", "/lines"])
    names = [kind.name for kind in kinds(options, {})]
    assert names == ["keep-alive", "new connection", "static", "heartbeat", "long", "stream"]
    assert [kind.name for kind in kinds(parse(["--url", "https://a", "--address", "b:1"]), {})] == names[:4]
