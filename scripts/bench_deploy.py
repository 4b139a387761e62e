"""Measure deploys under load: requests that failed, seconds of each step, the time without a scheduler's decision.

usage: scripts/bench_deploy [RUNS]     default 3 deploys in a row

Runs the proof of the deploy (tests/deploy/proof) with a host, an engine, a registry, nginx and Postgres of its
own, and the naive order, which stops the old release before it starts the new one, through the same counter.
Prints a table of medians; all figures are in .local/bench_deploy.json.
"""

import json
import os
import subprocess
import sys
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.local.layout import ROOT

RESULT = ROOT / ".local" / "bench_deploy.json"
PROOF = ROOT / "tests" / "deploy" / "proof"
FILES = ("test_under_load.py", "test_naive_order.py")
# the longest time without a decision about a run, in seconds
GOAL_SILENT_S = 5.0


def main(arguments: list[str]) -> int:
    if arguments and not arguments[0].isdecimal():
        print((__doc__ or "").strip())
        return 0 if arguments[0] in ("-h", "--help") else 2
    RESULT.unlink(missing_ok=True)
    deploys = {"DEPLOYS": arguments[0] if arguments else "3"}
    command = [sys.executable, "-m", "pytest", "-v", *(str(PROOF / file) for file in FILES)]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **deploys}).returncode
    if RESULT.exists():
        Console(width=110).print(*tables(json.loads(RESULT.read_text())))
    return code


def tables(taken: dict[str, Any]) -> list[Table]:
    return [requests(taken), steps(taken.get("blue-green", {}).get("steps", []))]


def requests(taken: dict[str, Any]) -> Table:
    """Return a row for each order of deploying."""
    table = Table(title=f"deploys under load, {os.cpu_count()} cores", title_justify="left")
    for head in ("order", "deploys", "seconds (median)", "requests", "failed", "longest without a decision (s)"):
        table.add_column(head, justify="left" if head == "order" else "right")
    for order, figures in taken.items():
        silent = f"{figures['silent_s']:.1f} (goal {GOAL_SILENT_S:g})" if "silent_s" in figures else ""
        counts = [f"{figures[name]:,}" for name in ("asked", "failed")]
        table.add_row(order, str(len(figures["seconds"])), f"{median(figures['seconds']):.0f}", *counts, silent)
    return table


def steps(deploys: list[dict[str, float]]) -> Table:
    """Return a row for each step of a deploy, with the medians of all deploys."""
    table = Table(title="a deploy's steps", title_justify="left")
    table.add_column("step")
    table.add_column("seconds (median)", justify="right")
    for name in dict.fromkeys(name for deploy in deploys for name in deploy):
        table.add_row(name, f"{median(deploy[name] for deploy in deploys if name in deploy):.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
