"""Measure what a trivial task costs on a worker: Airflow's own command and ours, side by side.

usage: scripts/bench_worker [RUNS]     default 5

Starts a stack of its own, makes workloads of real task instances, and runs them with the two
commands in turn, in the environment that a container has; every task must succeed. Prints a table of
medians and writes .local/bench_worker.json.
"""

import json
import os
import sys
import uuid
from collections import defaultdict
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.local.layout import ROOT
from infra.local.names import PAYLOADS
from scripts.process_usage import Usage, measure
from scripts.quiet_stack import QuietStack, quiet_stack

STATE = ROOT / ".local" / "bench-worker"
RESULT = ROOT / ".local" / "bench_worker.json"
GOAL = 0.6  # of the CPU-seconds of Airflow's own command
DAG = """\
from airflow.sdk import dag, task


@dag(schedule=None)
def trivial():
    @task(executor="FargateExecutor")
    def one() -> int:
        print("hello")
        return 1

    one()


trivial()
"""
# what every entry point has to import before the task's own code, in the cheapest way that we know
IMPORTS = """\
import gc, os
from fargate import shortcuts, worker
gc.disable()
worker.start_airflow()
shortcuts.preload()
os._exit(0)
"""
MEASURES = {
    "cpu_s": "CPU (s)",
    "wall_s": "time (s)",
    "peak_pss_mib": "peak memory, all processes (MiB)",
    "peak_rss_mib": "peak memory, largest process (MiB)",
}


def main(arguments: list[str]) -> int:
    if arguments and not arguments[0].isdecimal():
        print((__doc__ or "").strip())
        return 0 if arguments[0] in ("-h", "--help") else 2
    runs = int(arguments[0]) if arguments else 5
    with quiet_stack(STATE, "trivial", DAG) as stack:
        taken = compare(stack, runs)
    medians = {name: {key: median(one[key] for one in usages) for key in MEASURES} for name, usages in taken.items()}
    ratio = medians["ours"]["cpu_s"] / medians["stock"]["cpu_s"]
    write(taken, medians, ratio)
    Console(width=110).print(table(medians, runs))
    print(f"ours takes {ratio:.2f} of the stock command's CPU-seconds; the goal is {GOAL} at most")
    return 0


def compare(stack: QuietStack, runs: int) -> dict[str, list[dict[str, float]]]:
    """Return what each run of each command took. One more of each, before, fills the caches."""
    taken: dict[str, list[dict[str, float]]] = defaultdict(list)
    todo = stack.workloads(2 * (runs + 1))
    for number in range(runs + 1):
        used = {name: run(stack, name, command) for name, command in commands(stack, todo.pop(), todo.pop()).items()}
        print(f"==> run {number} of {runs}:", {name: round(usage.cpu_s, 2) for name, usage in used.items()}, flush=True)
        for name, usage in used.items() if number else ():
            taken[name].append(asdict(usage))
    states = stack.states()
    if states != ["success"] * (2 * (runs + 1)):
        sys.exit(f"all tasks should have succeeded: {states}")
    return taken


def commands(stack: QuietStack, first: dict[str, Any], second: dict[str, Any]) -> dict[str, list[str]]:
    """Return the commands that are compared, each with a workload of its own."""
    key, body = uuid.uuid4().hex, json.dumps({"workload": second, "request": {}})
    stack.client("s3").put_object(Bucket=PAYLOADS, Key=key, Body=body.encode())
    return {
        "stock": ["-m", "airflow.sdk.execution_time.execute_workload", "--json-string", json.dumps(first)],
        "ours": ["-m", "fargate.worker", f"s3://{PAYLOADS}/{key}"],
        "imports": ["-c", IMPORTS],
    }


def run(stack: QuietStack, name: str, arguments: list[str]) -> Usage:
    """Run Python as the container of a task would."""
    output = stack.layout.log / f"{name}.log"
    python = str(stack.layout.venv / "bin" / "python")
    usage = measure([python, *arguments], stack.worker_environment(), stack.layout.tmp, output)
    if usage.exit_code:
        sys.exit(f"{name} ended with {usage.exit_code}:\n{output.read_text()[-3000:]}")
    return usage


def write(taken: dict[str, Any], medians: dict[str, Any], ratio: float) -> None:
    machine: dict[str, Any] = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
    result = {"machine": machine, "cpu_ratio": round(ratio, 3), "goal": GOAL, "medians": medians, "runs": taken}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


def table(medians: dict[str, dict[str, float]], runs: int) -> Table:
    result = Table(title=f"medians of {runs} runs, {os.cpu_count()} cores", title_justify="left")
    for column in ("one trivial task", "stock command", "fargate.worker", "ratio", "imports alone"):
        result.add_column(column, justify="left" if column.startswith("one") else "right")
    for key, title in MEASURES.items():
        stock_s, ours_s, imports_s = (medians[name][key] for name in ("stock", "ours", "imports"))
        result.add_row(title, f"{stock_s:.2f}", f"{ours_s:.2f}", f"{ours_s / stock_s:.2f}", f"{imports_s:.2f}")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
