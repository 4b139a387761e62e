"""Put a deployment under load until SIGTERM or --seconds, and print what was lost as JSON."""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.deploy.load.connection import Target
from tests.deploy.load.counter import Counter
from tests.deploy.load.kind import JSON, Kind, run
from tests.deploy.load.writes import Writes

# the api-server knows no such task instance, and says so: what counts is that it was asked
HEARTBEAT = "/execution/task-instances/00000000-0000-7000-8000-000000000000/heartbeat"


def kinds(options: argparse.Namespace, bearer: dict[str, str]) -> list[Kind]:
    """Return the load of a deployment in use; what has no address by nature is left out unless it is given."""
    heartbeat = json.dumps({"hostname": "load", "pid": 1}).encode()
    always = [
        Kind("keep-alive", options.get, clients=8, headers=bearer),
        Kind("new connection", options.get, clients=4, keep=False, headers=bearer),
        Kind("static", options.static, clients=2),
        Kind(
            "heartbeat",
            HEARTBEAT,
            method="PUT",
            clients=20,
            pause=5,
            expected=options.heartbeat_status,
            headers={**JSON, "Authorization": f"Bearer {options.task_token}"},
            body=lambda: heartbeat,
        ),
    ]
    long = Kind("long", options.long, clients=4, timeout=options.long_timeout, headers=bearer)
    ndjson = {**bearer, "Accept": "application/x-ndjson"}
    stream = Kind("stream", options.stream, clients=2, timeout=options.long_timeout, headers=ndjson)
    return always + [kind for kind in (long, stream) if kind.path]


async def load(options: argparse.Namespace) -> dict[str, Any]:
    host, _, port = options.address.rpartition(":")
    target, counter, stop = Target(options.url, (host, int(port))), Counter(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if options.seconds:
        loop.call_later(options.seconds, stop.set)
    bearer = {"Authorization": f"Bearer {options.token}"} if options.token else {}
    writes = Writes(bearer)
    running = [
        asyncio.create_task(run(kind, target, counter, stop)) for kind in [*kinds(options, bearer), writes.kind()]
    ]
    await stop.wait()
    counter.end()
    await asyncio.gather(*running)
    return {**counter.result(), "writes": await writes.check(target)}


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.deploy.load")
    parser.add_argument("--url", required=True, help="as users have it: https://airflow.example.com")
    parser.add_argument("--address", required=True, help="what is connected to, as 127.0.0.1:443")
    parser.add_argument("--seconds", type=float, default=0, help="0: until SIGTERM")
    parser.add_argument("--token", default=os.environ.get("LOAD_TOKEN", ""), help="a bearer token; or LOAD_TOKEN")
    parser.add_argument("--task-token", default="none", help="for heartbeats")
    parser.add_argument("--heartbeat-status", type=int, nargs="+", default=[204, 401, 403])
    parser.add_argument("--get", default="/api/v2/version", help="what is asked most")
    parser.add_argument("--static", default="/static/pin_32.png")
    parser.add_argument("--long", default="", help="an address that takes long to answer")
    parser.add_argument("--long-timeout", type=float, default=130)
    parser.add_argument("--stream", default="", help="an address that sends lines for long")
    parser.add_argument("--out", type=Path, help="write the result here as well")
    return parser.parse_args(arguments)


def main() -> int:
    options = parse(sys.argv[1:])
    result = asyncio.run(load(options))
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return 1 if result["failed"] or result["writes"]["missing"] or result["writes"]["twice"] else 0


if __name__ == "__main__":
    sys.exit(main())
