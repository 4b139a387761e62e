"""Tell what a month costs with each way of connecting the network, and which is the cheapest.

Prices are those of infra/prices.json, each with its source and date; the footnotes name those that
were used and are not confirmed. A month has 730 hours; MB, GB and TB are decimal.

exit codes: 0 told, 2 wrong usage, an unknown region, or a size that Fargate does not have.

example: scripts/cost infra/env/production.tfvars --every 60 --image-mb 500 --plot cost.svg
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from fargate.sizes import IllegalSize
from scripts.costs import deployment, picture, table
from scripts.costs.bill import bill
from scripts.costs.networks import CHOSEN, networks
from scripts.costs.prices import UnknownPrice, load
from scripts.costs.workload import HOURS, Workload
from scripts.preflights.tfvars import BadVariables

FIELDS = [field for field in Workload.__dataclass_fields__ if field != "starts"]


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def number(least: float = 0, most: float = math.inf, whole: bool = False) -> Callable[[str], float]:
    """Return what reads a number within limits."""
    kind = "whole number" if whole else "number"
    limits = f"from {least:g} to {most:g}" if math.isfinite(most) else f"of at least {least:g}"

    def read(text: str) -> float:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or math.isinf(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not a {kind} {limits}")
        return value

    return read


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options: what is said, else what the .tfvars file says, else the defaults of infra/.

    :raises BadVariables: when the file cannot be read
    """
    description, _, more = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="scripts/cost", description=description, epilog=more, formatter_class=layout)
    parser.add_argument("tfvars", nargs="?", type=Path, help="take what the deployment is from this file")
    _tasks(parser.add_argument_group("tasks"))
    _deployment(parser.add_argument_group("the deployment; defaults are those of infra/variables*.tf"))
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the networks: .svg, or .png if something makes one"
    )
    parser.add_argument("--json", action="store_true", help="print every line with its quantity and price")
    parser.set_defaults(**deployment.options())
    if (given := parser.parse_args(arguments)).tfvars:
        parser.set_defaults(**deployment.options(given.tfvars))
    return parser.parse_args(arguments)


def _tasks(group: argparse._ArgumentGroup) -> None:
    often = group.add_mutually_exclusive_group()
    often.add_argument("--starts", type=number(), metavar="N", help="tasks that start in a month (one a minute)")
    often.add_argument("--every", type=number(0.001), metavar="S", help="or: one starts every S seconds")
    group.add_argument("--image-mb", type=number(), default=500, metavar="MB", help="compressed size (%(default)s)")
    group.add_argument("--cpu", type=number(), metavar="VCPU", help="of a task (%(default)s)")
    group.add_argument("--memory", type=number(), metavar="GB", help="of a task (%(default)s)")
    group.add_argument("--seconds", type=number(), default=60, metavar="S", help="a task runs (%(default)s)")
    group.add_argument("--pull", type=number(), metavar="S", help="a pull takes, which is billed (a second for 10 MB)")
    group.add_argument("--spot", type=number(0, 1), default=0, metavar="SHARE", help="on Spot, 0 to 1 (%(default)s)")
    group.add_argument("--architecture", choices=("ARM64", "X86_64"), help="(%(default)s)")
    group.add_argument("--logs-gb", type=number(), default=5, metavar="GB", help="of logs a month (%(default)s)")
    group.add_argument("--lake-gb", type=number(), default=0, metavar="GB", help="a month to and from S3 (%(default)s)")


def _deployment(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--region", help="one of infra/prices.json (%(default)s)")
    group.add_argument("--zones", type=number(1, 6, whole=True), metavar="N", help="(%(default)s)")
    group.add_argument("--nat-mode", choices=tuple(CHOSEN), help="marked with * (%(default)s)")
    group.add_argument("--endpoints", type=number(1, 50, True), metavar="N", help="without NAT (%(default)s)")
    group.add_argument("--hosts", type=number(0, 4, whole=True), metavar="N", help="(%(default)s)")
    group.add_argument("--host-type", metavar="TYPE", help="(%(default)s)")
    group.add_argument("--host-disk-gb", type=number(), metavar="GB", help="(%(default)s)")
    group.add_argument("--database-class", metavar="CLASS", help="(%(default)s)")
    group.add_argument("--database-gb", type=number(), metavar="GB", help="(%(default)s)")
    group.add_argument("--multi-az", action="store_true", help="with a standby of the database, at twice the price")
    group.add_argument("--log-days", type=number(), metavar="D", help="logs are kept (%(default)s)")
    group.add_argument("--images", type=number(), default=10, metavar="N", help="in ECR, sharing nothing (%(default)s)")


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = parse(arguments)
        starts = options.starts if options.starts is not None else HOURS * 3600 / (options.every or 60)
        work = Workload(starts, **{field: getattr(options, field) for field in FIELDS})
        prices = load(options.region)
        bills = [bill(network, work, prices) for network in networks(options.endpoints)]
        if options.plot:
            picture.save(options.plot, bills, work, prices)
    except (BadVariables, IllegalSize, UnknownPrice, picture.NoPicture, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(table.as_json(bills, work, prices), indent=2))
        return 0
    console = Console(width=130)
    say = partial(console.print, soft_wrap=True, highlight=False, markup=False)
    say(table.title(work, prices))
    console.print(table.table(bills, options.nat_mode))
    for line in [*table.findings(bills, options.nat_mode, work, prices), "", *table.footnotes(bills, work)]:
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
