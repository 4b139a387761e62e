"""The bills side by side, what follows from them, and what they rest on."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from scripts.costs.bill import ENDPOINT_BYTES, ITEMS, NAT_BYTES, Bill
from scripts.costs.break_even import BreakEven, a_week, break_even, cheapest
from scripts.costs.networks import CHOSEN
from scripts.costs.prices import Prices
from scripts.costs.workload import PULL_MB_S, Workload

NEVER_BELOW = 1e12


def title(work: Workload, prices: Prices) -> str:
    size = f"{work.cpu:g} vCPU and {work.memory:g} GB, {work.architecture}"
    return (
        f"USD a month in {prices.region}: {work.starts:,.0f} starts of {work.seconds:g} s "
        f"({work.billed_seconds} s billed) with {size}; image of {work.image_mb:g} MB, {work.zones} zones"
    )


def table(bills: Sequence[Bill], nat_mode: str) -> Table:
    result = Table(box=box.SIMPLE_HEAD)
    result.add_column("")
    for each in bills:
        heading = each.network.title.replace(" + S3", "\n+ S3").replace(", no", ",\nno")
        result.add_column(heading + (" *" if chosen_by(each, nat_mode) else ""), justify="right")
    for item in ITEMS:
        if any(each.has(item) for each in bills):
            result.add_row(item, *(_amount(each, item) for each in bills))
    result.add_section()
    result.add_row("together", *(f"{each.total:,.2f}" for each in bills), style="bold")
    result.add_row("of it the network", *(f"{each.network_usd:,.2f}" for each in bills))
    result.add_row("TB through NAT", *(f"{each.traffic.nat / 1000:,.3f}" for each in bills))
    return result


def _amount(bill: Bill, item: str) -> str:
    amount = bill.of(item)
    return f"{amount:,.2f}" if amount else "free" if bill.has(item) else "–"


def chosen_by(bill: Bill, nat_mode: str) -> bool:
    """Tell whether this is the network of that mode."""
    return bill.network.key == CHOSEN[nat_mode]


def findings(bills: Sequence[Bill], nat_mode: str, work: Workload, prices: Prices) -> list[str]:
    """Return the sentences below the table."""
    best = cheapest(bills)
    by_key = {each.network.key: each for each in bills}
    chosen = next(each for each in bills if chosen_by(each, nat_mode))
    trap, closed = by_key["trap"], by_key["closed"]
    lines = [f"cheapest: {best.network.title}, ${best.total:,.2f} ({best.network.terraform})"]
    if chosen is not best:
        lines.append(
            f"* {chosen.network.title} ({chosen.network.terraform}) costs ${chosen.total - best.total:,.2f} more"
            + ("; nothing in it can reach the internet" if chosen is closed else "")
        )
    if chosen is not closed:
        lines.append(
            "* counts no interface endpoints: infra/ makes them with NAT too, unless interface_endpoints is []"
        )
    lines.append(
        f"without the S3 gateway endpoint, which is free, {trap.traffic.nat / 1000:,.2f} TB a month "
        f"({a_week(trap.traffic.nat) / 1000:,.2f} TB a week) go through NAT: ${trap.of(NAT_BYTES):,.2f}, "
        f"against {closed.traffic.endpoints:,.1f} GB through endpoints: ${closed.of(ENDPOINT_BYTES):,.2f}"
    )
    others = [each.network for each in bills if each is not closed]
    lines += [_sentence(break_even(closed.network, other, work, prices), other.title) for other in others]
    return lines


def _sentence(point: BreakEven, than: str) -> str:
    if point.starts is None or point.starts > NEVER_BELOW:
        return f"endpoints without NAT never cost less than {than}"
    if not point.starts:
        return f"endpoints without NAT always cost less than {than}"
    return (
        f"endpoints without NAT cost less than {than} from {point.starts:,.0f} starts a month, "
        f"when {point.nat_tb:,.2f} TB would go through NAT"
    )


def footnotes(bills: Sequence[Bill], work: Workload) -> list[str]:
    """Return what is counted how, and which of the prices that were used are not confirmed."""
    pull = "as given" if work.pull is not None else f"{PULL_MB_S} MB a second; --pull sets it"
    lines = [
        f"a task is billed from the start of the pull ({work.pull_seconds:g} s, {pull}), 60 s at least",
        "traffic comes evenly from all zones; from another one to a single NAT gateway it is charged on both sides",
        "not counted: tax, free tier, Savings Plans, KMS, secrets, alarms, flow logs, traffic to the internet",
    ]
    used = {line.price.name: line.price for each in bills for line in each.lines}
    return lines + [price.footnote() for price in used.values() if not price.confirmed]


def as_json(bills: Sequence[Bill], work: Workload, prices: Prices) -> dict[str, Any]:
    closed = bills[0].network
    points = [break_even(closed, each.network, work, prices) for each in bills[1:]]
    return {
        "region": prices.region,
        "billed_seconds": work.billed_seconds,
        "cheapest": cheapest(bills).network.key,
        "networks": {each.network.key: _bill_as_json(each) for each in bills},
        "break_even": {f"{point.network} than {point.than}": vars(point) for point in points},
        "footnotes": footnotes(bills, work),
    }


def _bill_as_json(bill: Bill) -> dict[str, Any]:
    lines = [
        {
            "item": line.item,
            "usd": round(line.usd, 4),
            "quantity": round(line.quantity, 6),
            "unit": line.price.unit,
            "price": line.price.name,
            "confirmed": line.price.confirmed,
        }
        for line in bill.lines
    ]
    return {
        "title": bill.network.title,
        "terraform": bill.network.terraform,
        "usd": round(bill.total, 2),
        "network_usd": round(bill.network_usd, 2),
        "gb": vars(bill.traffic),
        "lines": lines,
    }
