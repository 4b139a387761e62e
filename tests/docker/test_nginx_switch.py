"""A switch under load: what scripts/deploy/nginx.sh loses, and what the naive order loses on the same counter."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.docker.colours import Colours
from tests.docker.proxy import Proxy
from tests.docker.under_load import under_load

SWITCHES = 5
OTHER = {"blue": "green", "green": "blue"}


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
