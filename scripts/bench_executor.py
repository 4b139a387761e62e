"""Measure stock AwsEcsExecutor and our AwsFargateExecutor in the same run: a table and .local/bench_executor.json.

Real Postgres, api-server and scheduler; an emulated Fargate with ECS's quotas, whose tasks report
their success to the Execution API and cost nothing else. Figures are medians of the runs; stock is
left out where it would take over 10 minutes.

--quick: 300 tasks, 1 run. Without it and without --full: the same with 5 runs, and what happens
when a container or the scheduler dies or another scheduler shares the account. --full: also 1,000
and 5,000 tasks, and 500 ms a call.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from infra.local.layout import ROOT
from infra.local.stack import StackError
from scripts.executor_bench import goals, scenarios
from scripts.executor_bench.meter import Meter
from scripts.executor_bench.plan import Case, Kind, cases
from scripts.executor_bench.stack import CLASSES, MOST_TASKS, BenchStack, TookTooLong

RESULT = ROOT / ".local" / "bench_executor.json"
STATE = ROOT / ".local" / "bench_executor"
CAPTION = "cores busy: others are no part of the stack; with the machine full, a figure is the machine's"
Taken = dict[Case, dict[str, list[dict[str, float]]]]


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    description, _, more = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="scripts/bench_executor", description=description, epilog=more, formatter_class=layout)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="launches only, once: under 3 minutes")
    size.add_argument("--full", action="store_true", help="everything: more than two hours")
    parser.add_argument("--tasks", type=_numbers(MOST_TASKS), help="sizes of the fan-out, such as 300,1000")
    parser.add_argument("--latency", type=_numbers(60_000, 0), help="milliseconds of a RunTask call, such as 100,500")
    parser.add_argument("--runs", type=_number(50), help="runs of each case (5; with --quick 1)")
    parser.add_argument("--classes", type=_names(CLASSES), default=list(CLASSES), help="stock,ours")
    parser.add_argument("--parts", type=_names(Kind), help=",".join(Kind))
    options = parser.parse_args(arguments)
    options.tasks = options.tasks or ([300, 1000, 5000] if options.full else [300])
    options.latency = options.latency or ([100, 500] if options.full else [100])
    options.runs = options.runs or (1 if options.quick else 5)
    options.parts = options.parts or ([Kind.LAUNCH] if options.quick else list(Kind))
    return options


def _number(most: int, least: int = 1) -> Any:
    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return read


def _numbers(most: int, least: int = 1) -> Any:
    read = _number(most, least)
    return lambda text: sorted({read(part) for part in text.split(",")})


def _names(legal: Any) -> Any:
    names = list(legal)

    def read(text: str) -> list[str]:
        unknown = [name for name in text.split(",") if name not in names]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(names)}")
        return [name for name in names if name in text.split(",")]

    return read


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by the way on which the stack is stopped
    wanted = cases(options.parts, options.tasks, options.latency)
    taken: Taken = {case: {name: [] for name in options.classes} for case in wanted}
    try:
        with Meter() as meter:
            for executor in options.classes:
                measure(executor, meter, taken, options.runs)
    except StackError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    finally:
        write(taken)
    Console(width=130).print(table(goals.rows(taken), options.runs))
    return 0


def measure(executor: str, meter: Meter, taken: Taken, runs: int) -> None:
    """Measure all cases with one class. What one kind leaves behind shall not be the next one's: each has a stack."""
    for _, same in groupby(taken, key=lambda case: case.kind):
        of_kind = [case for case in same if case.runs(executor, runs)]
        if not of_kind:
            continue
        stack = BenchStack(STATE / executor, executor, meter)
        with stack.running({case.count for case in of_kind if case.count}, holders=runs):
            for case in of_kind:
                for number in range(1, case.runs(executor, runs) + 1):
                    done = attempt(stack, case, runs)
                    taken[case][executor] += done
                    print(f"==> {executor}: {case.title}, run {number}: {_lines(done)}", flush=True)
                    write(taken)


def attempt(stack: BenchStack, case: Case, runs: int) -> list[dict[str, float]]:
    """Return the figures of a run, of all runs where they are taken together, of none that took too long."""
    try:
        match case.kind:
            case Kind.LAUNCH:
                return [scenarios.launch(stack, case.count, case.latency)]
            case Kind.SHARED:
                return [scenarios.shared(stack, case.count)]
            case Kind.ADOPTION:
                return [scenarios.adoption(stack, case.count, case.latency)]
            case Kind.FAILURE:
                return scenarios.failures(stack, runs)
    except TookTooLong as error:
        print(f"error: {case.title}: {error}", file=sys.stderr)
        return []


def _lines(runs: list[dict[str, float]]) -> str:
    said = (", ".join(f"{name} {value:.4g}" for name, value in figures.items()) for figures in runs)
    return "; ".join(said) or "nothing measured"


def write(taken: Taken) -> None:
    """Write all figures of all runs, and the table as it stands."""
    machine = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
    runs = {case.title: by_class for case, by_class in taken.items()}
    rows = [asdict(row) for row in goals.rows(taken)]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"machine": machine, "table": rows, "runs": runs}, indent=2) + "\n")


def table(rows: Sequence[goals.Row], runs: int) -> Table:
    result = Table(title=f"medians of {runs} runs, {os.cpu_count()} cores", caption=CAPTION, title_justify="left")
    for column in ("what", "stock", "ours", "goal", "met"):
        result.add_column(column, justify="left" if column in ("what", "met") else "right")
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "no"
        title = not row.what.startswith(" ")
        result.add_row(row.what, row.stock, row.ours, row.goal, met, style="bold" if title else None)
    return result


if __name__ == "__main__":
    sys.exit(main())
