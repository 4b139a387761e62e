"""Tell what would stop a first `terraform apply` in this account, before anything is created.

Reads the defaults of infra/variables*.tf, the .tfvars file and --var, then asks AWS, with the
credentials of the environment: the region and its zones, quotas, addresses, the certificate,
the image, names that are taken and the bucket of the state. It changes nothing; the AWS managed
policy ReadOnlyAccess is enough for all of it.

exit codes: 0 nothing stops an apply, 1 something does, 2 wrong usage or variables.

example: scripts/preflight infra/env/production.tfvars --var region=ap-northeast-2
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from scripts.preflights.account import Account, told
from scripts.preflights.certificate import certificate
from scripts.preflights.finding import Finding, Level, warning
from scripts.preflights.image import BadImage, checked, image
from scripts.preflights.names import names
from scripts.preflights.place import addresses, credentials, region, zones
from scripts.preflights.plan import Plan
from scripts.preflights.quotas import quotas
from scripts.preflights.state import service_role, state
from scripts.preflights.tfvars import BadVariables, read

Check = Callable[[Plan, Account], Iterator[Finding]]


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    description, _, more = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="scripts/preflight", description=description, epilog=more, formatter_class=layout)
    parser.add_argument("tfvars", nargs="?", type=Path, help="the file that the apply will get as -var-file")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="a variable, as in terraform")
    parser.add_argument("--region", help="the same as --var region=…")
    parser.add_argument("--image", metavar="URI", help="an image that shall be there, by digest in ECR")
    parser.add_argument("--state-bucket", metavar="NAME", help="the bucket of the state (that of infra/bootstrap)")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    options = parser.parse_args(arguments)
    if options.region:
        options.var.append(f"region={options.region}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        plan = Plan.of(read(options.tfvars, options.var))
        uri = checked(options.image) if options.image else None
    except (BadVariables, BadImage) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    account = Account(plan.region, plan.aws_endpoint_url)
    rest: dict[str, Check] = {
        "zones": zones,
        "quota": quotas,
        "addresses": addresses,
        "certificate": certificate,
        "image": partial(image, uri=uri),
        "roles": service_role,
        "state": partial(state, bucket=options.state_bucket),
        "names": partial(names, bucket=options.state_bucket),
    }
    found: list[Finding] = []
    for finding in findings(plan, account, rest):
        found.append(finding)
        if not options.json:
            print(finding.lines(), flush=True)
    tell_end(plan, account, found, options.json)
    return 1 if any(finding.level is Level.STOP for finding in found) else 0


def findings(plan: Plan, account: Account, rest: dict[str, Check]) -> Iterator[Finding]:
    """Run all checks, or only those up to the one without which the others mean nothing."""
    for name, check in {"credentials": credentials, "region": region, **rest}.items():
        stopped = False
        for finding in guarded(name, check, plan, account):
            stopped |= finding.level is Level.STOP
            yield finding
        if stopped and name in ("credentials", "region"):
            return


def guarded(name: str, check: Check, plan: Plan, account: Account) -> Iterator[Finding]:
    """Run a check; what AWS refuses to tell is a warning of its own."""
    try:
        yield from check(plan, account)
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        operation = getattr(error, "operation_name", "the call")
        yield warning(
            name,
            f"not checked to the end: {told(error)}",
            f"allow {operation}, or look for yourself",
        )


def tell_end(plan: Plan, account: Account, found: Sequence[Finding], as_json: bool) -> None:
    count = Counter(str(finding.level) for finding in found)
    if as_json:
        head = {"prefix": plan.prefix, "region": plan.region, "account": account.number, "count": count}
        print(json.dumps({**head, "findings": [finding.as_json() for finding in found]}, indent=2))
        return
    said = ", ".join(f"{count[level]} {level}" for level in Level)
    print(f"\n{plan.prefix} in {plan.region}: {said}")


if __name__ == "__main__":
    sys.exit(main())
