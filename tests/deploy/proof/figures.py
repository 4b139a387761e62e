"""What the proof counted, kept for scripts/bench_deploy: .local/bench_deploy.json."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.host_under_test import DOMAIN, ROOT, HostUnderTest
from tests.deploy.proof.people import Caller

RESULT = ROOT / ".local" / "bench_deploy.json"


@contextmanager
def load(host: HostUnderTest, caller: Caller, long_s: int, result: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Ask in all ways, with a client that never retries; ``result`` has its count afterwards.

    :param long_s: how long the longest requests take, in seconds
    """
    address = f"127.0.0.1:{host.https_port}"
    command = [sys.executable, "-m", "tests.deploy.load", "--url", f"https://{DOMAIN}:{host.https_port}"]
    command += ["--address", address, "--token", caller.token, "--out", str(result)]
    command += ["--long", f"/proof/long/{long_s}", "--stream", f"/proof/stream/{long_s}"]
    with (host.folder / "load.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(long_s + 120)


def steps(host: HostUnderTest) -> list[dict[str, float]]:
    """Return the seconds of each step, of each deploy that was done."""
    lines = (host.host / "state" / "audit.jsonl").read_text().splitlines()
    return [entry["steps"] for entry in map(json.loads, lines) if entry["result"] == "done"]


def write(order: str, counted: dict[str, Any], more: dict[str, Any]) -> None:
    """Keep the figures of an order of deploying."""
    there = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    asked = sum(kind["ok"] for kind in counted["kinds"].values()) + counted["failed"]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps({**there, order: {"asked": asked, "failed": counted["failed"], **more}}, indent=2) + "\n"
    )
