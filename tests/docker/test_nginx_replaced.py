"""Another nginx in the place of the one that runs, under load: what is lost, and what stop-then-start loses."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.load.connection import Target
from tests.deploy.load.counter import Counter
from tests.deploy.load.kind import Kind, run
from tests.docker.colours import Colours
from tests.docker.proxy import DOMAIN, Proxy
from tests.docker.under_load import under_load
from tests.form import FULL

REPLACED = 5 if FULL else 10
MIGRATE = Path("/proc/sys/net/ipv4/tcp_migrate_req")


@pytest.fixture
def migrating(make_proxy: Callable[..., Proxy]) -> Iterator[Proxy]:
    """An nginx on a kernel that passes on what one that closes has not accepted, as nginx_migrate sets it."""
    try:
        before = MIGRATE.read_text()
        MIGRATE.write_text(before)
    except OSError as error:
        pytest.skip(f"only root of Linux 5.14 or later may set {MIGRATE}: {error}")
    proxy = make_proxy()
    assert proxy.call("nginx_migrate").stderr == ""
    assert MIGRATE.read_text() == "1\n"
    yield proxy
    MIGRATE.write_text(before)


@pytest.mark.timeout(900)
def test_a_replaced_nginx_loses_nothing(migrating: Proxy, colours: Colours) -> None:
    def replace_again_and_again() -> None:
        for _ in range(REPLACED):
            migrating.replace("blue")

    result = asyncio.run(under_load(migrating.target, replace_again_and_again))

    print({**result, "examples": result["examples"][:2]})
    assert (result["failed"], result["examples"]) == (0, [])
    assert (result["writes"]["missing"], result["writes"]["twice"], result["writes"]["not_acknowledged"]) == (
        [],
        [],
        [],
    )
    for name, figures in result["kinds"].items():
        assert figures["ok"] > 0, name
    assert migrating.started == REPLACED


def flooded(proxy: Proxy, most: int) -> Counter:
    """Replace nginx again and again while 64 clients connect as fast as they can; no more once a request is lost."""
    port = proxy.ports["HTTP_PORT"]
    target = Target(f"http://{DOMAIN}:{port}", ("127.0.0.1", port))
    kind = Kind("flood", "/", clients=64, pause=0, keep=False, expected=(301,))

    def replace(counter: Counter) -> None:
        for _ in range(most):
            proxy.replace("blue")
            if counter.failures:
                return

    async def both() -> Counter:
        counter, stop = Counter(), asyncio.Event()
        clients = asyncio.create_task(run(kind, target, counter, stop))
        try:
            await asyncio.to_thread(replace, counter)
        finally:
            stop.set()
            await clients
        return counter

    return asyncio.run(both())


@pytest.mark.timeout(300)
def test_connections_that_nobody_has_accepted_yet_go_to_the_other_nginx(migrating: Proxy) -> None:
    counter = flooded(migrating, most=20)
    print(counter.result())
    assert counter.failures == 0
    assert counter.successes > 1000
    assert migrating.started == 20


@pytest.mark.timeout(300)
def test_the_counter_sees_those_that_a_kernel_resets(migrating: Proxy) -> None:
    MIGRATE.write_text("0")
    counter = flooded(migrating, most=100)
    print(counter.result())
    assert counter.failures > 0
    assert "refused" not in counter.result()["failures"], "something listened all the time"


@pytest.mark.timeout(300)
def test_the_counter_sees_a_gap_between_two_nginx(make_proxy: Callable[..., Proxy]) -> None:
    proxy = make_proxy()

    def stop_then_start() -> None:
        proxy.stop()
        proxy.started += 1
        proxy.start("blue")

    result = asyncio.run(under_load(proxy.target, stop_then_start))

    print({**result, "examples": result["examples"][:2]})
    assert result["failed"] > 10
    assert result["kinds"]["new connection"]["failures"]["refused"] > 0
