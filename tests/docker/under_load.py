"""The load of a deployment in use, for what is done to nginx meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.deploy.load.connection import Target
from tests.deploy.load.counter import Counter
from tests.deploy.load.kind import JSON, Kind, run
from tests.deploy.load.writes import Writes
from tests.form import FULL

LONG_S = 60 if FULL else 6
HEARTBEAT = "/execution/task-instances/00000000-0000-7000-8000-000000000000/heartbeat"


def load() -> list[Kind]:
    return [
        Kind("keep-alive", "/api/v2/dags", clients=16, pause=0.05),
        # idle for as long as a reload takes: the requests that meet a worker which is about to exit
        Kind("keep-alive at once", "/api/v2/dags", clients=2, pause=0),
        Kind("new connection", "/api/v2/dags", clients=4, keep=False, pause=0.02),
        Kind("static", "/static/pin_32.png", clients=2),
        Kind("heartbeat", HEARTBEAT, "PUT", clients=10, pause=0.5, expected=(204,), headers=JSON),
        Kind("long", f"/slow?seconds={LONG_S}", clients=4, timeout=LONG_S + 10),
        Kind("stream", f"/ui/grid/lines?count={LONG_S}", clients=2, timeout=LONG_S + 10),
    ]


async def under_load(target: Target, what: Callable[[], None]) -> dict[str, Any]:
    counter, stop, writes = Counter(), asyncio.Event(), Writes({})
    kinds = [*load(), writes.kind()]
    running = [asyncio.create_task(run(kind, target, counter, stop)) for kind in kinds]
    await asyncio.sleep(2)
    try:
        await asyncio.to_thread(what)
        await asyncio.sleep(1)
    finally:
        stop.set()
        counter.end()
        await asyncio.gather(*running)
    return {**counter.result(), "writes": await writes.check(target)}
