"""A kind of load: which request, on how many connections, how often, and which answer is the right one."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import uniform

from tests.deploy.load.connection import Answer, Connection, Lost, Target
from tests.deploy.load.counter import Counter

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Kind:
    name: str
    path: str
    method: str = "GET"
    clients: int = 1
    # seconds between an answer and the next request, at most; 0 is as fast as it goes
    pause: float = 0.1
    # keep the connection, as browsers and workers do, or open one for each request
    keep: bool = True
    timeout: float = 30.0
    expected: tuple[int, ...] = (200,)
    headers: dict[str, str] = field(default_factory=dict)
    # makes the next request's body, and hears whether it was acknowledged
    body: Callable[[], bytes] = bytes
    acknowledged: Callable[[bytes], None] = lambda body: None


async def run(kind: Kind, target: Target, counter: Counter, stop: asyncio.Event) -> None:
    """Send until ``stop``; requests that are on their way then are waited for."""
    tls = target.tls()
    clients = (Connection(target, tls) for _ in range(kind.clients))
    await asyncio.gather(*(_client(kind, connection, counter, stop) for connection in clients))


async def _client(kind: Kind, connection: Connection, counter: Counter, stop: asyncio.Event) -> None:
    while not stop.is_set():
        started = time.monotonic()
        try:
            async with asyncio.timeout(kind.timeout):
                answer = await _once(kind, connection)
        except (Lost, TimeoutError) as lost:
            connection.close()
            counter.failed(kind.name, str(lost) or "timeout")
            # a server that refuses does so in no time: a client that asks at once would count itself
            await asyncio.sleep(0.01)
        else:
            _count(kind, answer, counter, time.monotonic() - started)
        await _pause(kind.pause, stop)
    connection.close()


async def _once(kind: Kind, connection: Connection) -> Answer:
    if not (kind.keep and connection.usable):
        connection.close()
        await connection.open()
    body = kind.body()
    headers = kind.headers if kind.keep else {**kind.headers, "Connection": "close"}
    answer = await connection.request(kind.method, kind.path, headers, body)
    if answer.status in kind.expected:
        kind.acknowledged(body)
    return answer


def _count(kind: Kind, answer: Answer, counter: Counter, seconds: float) -> None:
    if answer.status in kind.expected:
        counter.ok(kind.name, seconds, answer.headers.get("x-answered-by", ""))
    else:
        counter.failed(kind.name, f"status {answer.status}", answer.body.decode(errors="replace"))


async def _pause(longest: float, stop: asyncio.Event) -> None:
    if longest:
        try:
            await asyncio.wait_for(stop.wait(), uniform(0, longest))
        except TimeoutError:
            return
