"""Measure what a new user waits for, on this machine: medians of several runs, as a table and in .local/bench.json.

usage: scripts/bench [RUNS]     default 3

Each run clones the repository into an empty folder with an empty home directory; the cache of
packages is that of this user, and warm. `airflow standalone`, Airflow's own way to start
everything, is started in the same clone for comparison.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.local import processes
from infra.local.layout import ROOT, Layout
from scripts.ports import free_port
from scripts.standalone import until_healthy

RESULT = ROOT / ".local" / "bench.json"
# what is measured -> (how it is shown, the goal)
MEASURES = {
    "fresh": ("`make up` in a fresh clone, to the main DAG's success (s)", 60),
    "fresh_healthy": ("  of that, until everything is healthy (s)", None),
    "standalone": ("  `airflow standalone`, until everything is healthy (s)", None),
    "stopped": ("`make up` on a stopped stack, to the DAG's success (s)", 40),
    "running": ("`make up` on a running stack (s)", None),
    "dag": ("  the DAG's own time in it (s)", None),
    "memory": ("memory of the whole stack, idle (MiB)", 2048),
}


def main(arguments: list[str]) -> int:
    if arguments and not arguments[0].isdecimal():
        print((__doc__ or "").strip())
        return 0 if arguments[0] in ("-h", "--help") else 2
    runs = int(arguments[0]) if arguments else 3
    taken: dict[str, list[float]] = defaultdict(list)
    for number in range(1, runs + 1):
        for name, value in measure().items():
            taken[name].append(value)
        print(f"==> run {number} of {runs}: {json.dumps({k: round(v[-1], 1) for k, v in taken.items()})}", flush=True)
    write(taken)
    Console(width=110).print(table(taken))
    return 0


def measure() -> dict[str, float]:
    """Return one value for each measure."""
    with clone() as (folder, environment):
        fresh, said = make_up(folder, environment)
        healthy = fresh - dag_seconds(said)
        layout = Layout(
            folder / ".local", int(environment["AIRFLOW_PORT"]), int(environment["AWS_PORT"]), folder / "dags"
        )
        memory = memory_mib(layout)
        running, said = make_up(folder, environment)
        subprocess.run(["make", "down"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        stopped, _ = make_up(folder, environment)
        subprocess.run(["make", "reset"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        standalone = until_healthy(folder)
    return {
        "fresh": fresh,
        "fresh_healthy": healthy,
        "standalone": standalone,
        "stopped": stopped,
        "running": running,
        "dag": dag_seconds(said),
        "memory": memory,
    }


@contextmanager
def clone() -> Iterator[tuple[Path, dict[str, str]]]:
    """Give a clone of HEAD and the environment of a new user; stop and delete everything afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, home = Path(name) / "clone", Path(name) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "AWS_"))}
        environment |= {"HOME": str(home), "UV_CACHE_DIR": uv_cache()}
        environment |= {"AIRFLOW_PORT": str(free_port()), "AWS_PORT": str(free_port())}
        try:
            yield folder, environment
        finally:
            if (folder / ".local" / "venv").exists():
                subprocess.run(["make", "reset"], cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def uv_cache() -> str:
    uv = shutil.which("uv") or str(ROOT / ".local" / "uv" / "bin" / "uv")
    return subprocess.run([uv, "cache", "dir"], check=True, capture_output=True, text=True).stdout.strip()


def make_up(folder: Path, environment: dict[str, str]) -> tuple[float, str]:
    """Return the seconds that `make up` took, and what it said."""
    begun = time.monotonic()
    done = subprocess.run(["make", "up"], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"make up failed:\n{done.stdout}\n{done.stderr}")
    return time.monotonic() - begun, done.stdout


def dag_seconds(said: str) -> float:
    """Return the seconds of the DAG run, as `make up` prints them."""
    [line] = [line for line in said.splitlines() if line.startswith("run ") and " in " in line]
    return float(line.partition(" in ")[2].split()[0])


def memory_mib(layout: Layout) -> float:
    """Return the proportional memory of all processes of a stack, shared pages counted once."""
    total = 0
    for process in processes.of_stack(layout):
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total / 1024


def write(taken: dict[str, list[float]]) -> None:
    medians = {name: round(median(values), 1) for name, values in taken.items()}
    all_values = {name: [round(value, 1) for value in values] for name, values in taken.items()}
    machine: dict[str, Any] = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
    RESULT.write_text(json.dumps({"machine": machine, "medians": medians, "runs": all_values}, indent=2) + "\n")


def table(taken: dict[str, list[float]]) -> Table:
    runs = len(next(iter(taken.values())))
    result = Table(title=f"medians of {runs} runs, {os.cpu_count()} cores", title_justify="left")
    for column in ("what", "median", "least", "most", "goal"):
        result.add_column(column, justify="left" if column == "what" else "right")
    for name, (what, goal) in MEASURES.items():
        values = taken[name]
        figures = [f"{value:.1f}" for value in (median(values), min(values), max(values))]
        result.add_row(what, *figures, f"≤ {goal}" if goal else "")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
