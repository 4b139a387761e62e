"""A switch under load: what scripts/deploy/nginx.sh loses, and what the naive order loses on the same counter."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.deploy.load.connection import Target
from tests.deploy.load.counter import Counter
from tests.deploy.load.kind import JSON, Kind, run
from tests.deploy.load.writes import Writes
from tests.docker.colours import Colours
from tests.docker.proxy import Proxy
from tests.form import FULL

SWITCHES = 5
LONG_S = 60 if FULL else 6
HEARTBEAT = "/execution/task-instances/00000000-0000-7000-8000-000000000000/heartbeat"
OTHER = {"blue": "green", "green": "blue"}


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


@pytest.fixture
def proxy(make_proxy: Callable[..., Proxy], colours: Colours) -> Iterator[Proxy]:
    proxy = make_proxy()
    yield proxy
    # each test begins with blue alone
    if "blue" not in colours.processes:
        colours.start("blue")
    with contextlib.suppress(KeyError):
        colours.stop("green")


@pytest.mark.timeout(900)
def test_a_switch_loses_nothing(proxy: Proxy, colours: Colours) -> None:
    def switch_back_and_forth() -> None:
        colour = "blue"
        for _ in range(SWITCHES):
            before, colour = colour, OTHER[colour]
            colours.start(colour)
            proxy.call(f"nginx_switch {colour}; nginx_drain")
            colours.stop(before)

    result = asyncio.run(under_load(proxy.target, switch_back_and_forth))

    print({**result, "examples": result["examples"][:2]})
    assert (result["failed"], result["examples"]) == (0, [])
    assert (result["writes"]["missing"], result["writes"]["twice"], result["writes"]["not_acknowledged"]) == (
        [],
        [],
        [],
    )
    for name, figures in result["kinds"].items():
        assert figures["ok"] > 0, name
        assert set(figures["answered_by"]) == {"blue", "green"}, name
    assert result["writes"]["acknowledged"] > 50


@pytest.mark.timeout(300)
def test_the_counter_sees_the_naive_order(proxy: Proxy, colours: Colours) -> None:
    def stop_then_start() -> None:
        colours.stop("blue")
        colours.start("blue")

    result = asyncio.run(under_load(proxy.target, stop_then_start))

    print({**result, "examples": result["examples"][:2]})
    assert result["failed"] > 100
    assert result["kinds"]["keep-alive"]["failures"]["status 502"] > 50
    assert result["kinds"]["keep-alive"]["longest_gap_s"] > 0.5
    assert (result["writes"]["missing"], result["writes"]["twice"]) == ([], [])


@pytest.mark.timeout(300)
def test_the_counter_sees_workers_that_are_cut_off(proxy: Proxy, colours: Colours) -> None:
    """The order is right here, and nothing waits for requests that are on their way."""

    def switch_without_drain() -> None:
        colours.start("green")
        proxy.call("nginx_switch green")
        colours.processes["blue"].kill()
        colours.processes.pop("blue").wait()

    result = asyncio.run(under_load(proxy.target, switch_without_drain))

    print({**result, "examples": result["examples"][:2]})
    assert result["kinds"]["long"]["failed"] > 0
    assert result["kinds"]["stream"]["failures"]["cut off"] > 0
