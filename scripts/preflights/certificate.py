"""The certificate of the load balancers."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from scripts.preflights.account import Account, absent
from scripts.preflights.finding import Finding, ok, stop, warning
from scripts.preflights.plan import Plan

SOON = timedelta(days=30)


def certificate(plan: Plan, account: Account) -> Iterator[Finding]:
    arn = plan.certificate_arn
    if not arn:
        yield _none(plan)
        return
    if arn.split(":")[3:4] != [plan.region]:
        todo = f"request or import one there for {plan.domain_name}"
        yield stop("certificate", f"{arn} is not in {plan.region}, where the load balancers are", todo)
        return
    try:
        found = account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if not absent(error):
            raise
        yield stop("certificate", f"there is no {arn}", "aws acm list-certificates shows those that there are")
        return
    problems = [*_problems(found, plan)]
    yield from problems
    if not problems:
        yield ok("certificate", f"{found['DomainName']}, until {found['NotAfter']:%Y-%m-%d}")


def _none(plan: Plan) -> Finding:
    if not plan.load_balancers:
        return ok("certificate", "none needed in ACM: nginx on the host has that of the secret tls")
    why = "ui_access is public" if plan.ui_access == "public" else f"host_count is {plan.host_count}"
    todo = f"request or import one for {plan.domain_name} in {plan.region}, and write its ARN into certificate_arn"
    return stop("certificate", f"{why}, and certificate_arn is not given", todo)


def _problems(found: dict[str, Any], plan: Plan) -> Iterator[Finding]:
    names = found.get("SubjectAlternativeNames") or [found["DomainName"]]
    if found["Status"] != "ISSUED":
        todo = "put the CNAME records that `aws acm describe-certificate` shows into the domain's DNS, and wait"
        yield stop("certificate", f"{found['DomainName']} is {found['Status']}, not ISSUED", todo)
    if not covers(names, plan.domain_name):
        todo = f"request one for {plan.domain_name}, or set domain_name to a name that it has"
        yield stop("certificate", f"it is for {', '.join(names)}, not for {plan.domain_name}", todo)
    end = found.get("NotAfter")
    if end and end < datetime.now(UTC) + SOON:
        renewed = found.get("RenewalEligibility") == "ELIGIBLE"
        todo = "ACM renews it by itself while its DNS records stand" if renewed else "import a newer one under this ARN"
        level = stop if end < datetime.now(UTC) else warning
        yield level("certificate", f"it ends on {end:%Y-%m-%d}", todo)


def covers(names: Iterable[str], domain: str) -> bool:
    """Tell whether a certificate with these names is good for a domain; a star stands for one label."""
    wild = "*." + domain.partition(".")[2]
    return any(name.lower() in (domain.lower(), wild.lower()) for name in names)
