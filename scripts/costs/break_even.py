"""From how many starts a month one network costs less than another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scripts.costs.bill import Bill, bill
from scripts.costs.networks import Network
from scripts.costs.prices import Prices
from scripts.costs.workload import HOURS, WEEK_HOURS, Workload


@dataclass(frozen=True)
class BreakEven:
    """``starts`` is None where it never does, 0 where it always does; ``nat_tb`` goes through the other's NAT then."""

    network: str
    than: str
    starts: float | None
    nat_tb: float = 0


def cheapest(bills: Sequence[Bill]) -> Bill:
    """Return the bill with the least total; of equal ones the first, which needs the least."""
    return min(bills, key=lambda candidate: round(candidate.total, 6))


def break_even(network: Network, than: Network, work: Workload, prices: Prices) -> BreakEven:
    """Return from how many starts a month ``network`` costs less than another; both grow evenly with the starts."""
    idle, one = replace(work, starts=0), replace(work, starts=1)
    fixed = bill(network, idle, prices).network_usd - bill(than, idle, prices).network_usd
    each = bill(than, one, prices).network_usd - bill(network, one, prices).network_usd + fixed
    if fixed <= 0 <= each:
        return BreakEven(network.key, than.key, 0)
    if each <= 1e-12:
        return BreakEven(network.key, than.key, None)
    starts = fixed / each
    return BreakEven(network.key, than.key, starts, than.traffic(replace(work, starts=starts)).nat / 1000)


def a_week(gb_a_month: float) -> float:
    return gb_a_month * WEEK_HOURS / HOURS
