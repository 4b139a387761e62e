"""What a month costs, calculated a second time by hand."""

from typing import Any

import pytest

from fargate.sizes import IllegalSize
from scripts.costs import bill as items
from scripts.costs.bill import Bill, bill
from scripts.costs.break_even import a_week, break_even, cheapest
from scripts.costs.networks import Network, networks
from scripts.costs.prices import load
from scripts.costs.workload import Workload

PRICES = load("us-east-1")
A_MINUTE = 730 * 60
DEFAULTS: dict[str, Any] = {
    "starts": A_MINUTE,
    "image_mb": 500,
    "cpu": 0.25,
    "memory": 0.5,
    "seconds": 60,
    "pull": None,
    "spot": 0,
    "architecture": "ARM64",
    "zones": 2,
    "hosts": 1,
    "host_type": "t4g.large",
    "host_disk_gb": 50,
    "database_class": "db.t4g.medium",
    "database_gb": 20,
    "multi_az": False,
    "logs_gb": 0,
    "log_days": 90,
    "lake_gb": 0,
    "images": 10,
}


def work(**changes: Any) -> Workload:
    return Workload(**{**DEFAULTS, **changes})


def network(key: str, endpoints: int = 11) -> Network:
    return next(each for each in networks(endpoints) if each.key == key)


def of(key: str, endpoints: int = 11, **changes: Any) -> Bill:
    return bill(network(key, endpoints), work(**changes), PRICES)


def test_the_case_of_a_start_a_minute() -> None:
    """A start a minute with 500 MB: 5.04 TB a week through NAT, and next to nothing with endpoints."""
    trap, closed = of("trap"), of("closed")
    assert a_week(work().image_gb) == pytest.approx(10_080 * 0.5)  # 10,080 minutes a week
    assert a_week(trap.traffic.nat) == pytest.approx(5_040, rel=0.001)
    assert closed.traffic.nat == 0
    assert a_week(closed.traffic.endpoints) < 1.1  # GB
    assert trap.of(items.NAT_BYTES) == pytest.approx(21_900 * 0.045, rel=0.001)
    assert closed.of(items.NAT_BYTES) == 0
    assert closed.of(items.ENDPOINT_BYTES) < 0.05


@pytest.mark.parametrize("key", ["closed", "single", "per_az", "ecr"])
def test_layers_come_through_the_s3_gateway_wherever_there_is_one(key: str) -> None:
    small, large = of(key, image_mb=1), of(key, image_mb=10_000)
    assert small.traffic.nat == large.traffic.nat
    assert small.traffic.endpoints == large.traffic.endpoints
    assert large.traffic.free == pytest.approx(A_MINUTE * 10)
    assert small.network_usd == large.network_usd


def test_without_the_gateway_logs_and_the_lake_go_through_nat_too() -> None:
    trap = of("trap", starts=0, logs_gb=7, lake_gb=100)
    assert trap.traffic.nat == 7 + 100 + 7  # the logs once to S3 and once to CloudWatch
    assert trap.traffic.free == 0


@pytest.mark.parametrize(
    ("key", "nat", "endpoints"),
    [("closed", 0, 107), ("single", 107, 0), ("per_az", 107, 0), ("ecr", 47, 60)],
)
def test_calls_to_aws_take_the_way_that_there_is(key: str, nat: float, endpoints: float) -> None:
    """A million starts: 60 GB to ECR, 40 GB to other services; and 7 GB of logs to CloudWatch."""
    traffic = of(key, starts=1e6, logs_gb=7).traffic
    assert (traffic.nat, traffic.endpoints) == (pytest.approx(nat), pytest.approx(endpoints))


@pytest.mark.parametrize(
    ("key", "zones", "nat_hours", "endpoint_hours"),
    [
        ("closed", 2, 0, 730 * 0.01 * 11 * 2),
        ("closed", 3, 0, 730 * 0.01 * 11 * 3),
        ("single", 2, 730 * (0.045 + 0.005), 0),  # an elastic IP with each gateway
        ("single", 3, 730 * (0.045 + 0.005), 0),
        ("per_az", 3, 3 * 730 * (0.045 + 0.005), 0),
        ("trap", 2, 730 * (0.045 + 0.005), 0),
        ("ecr", 2, 730 * (0.045 + 0.005), 730 * 0.01 * 2 * 2),
    ],
)
def test_hours_of_gateways_and_endpoints(key: str, zones: int, nat_hours: float, endpoint_hours: float) -> None:
    found = of(key, zones=zones)
    assert found.of(items.NAT_HOURS) == pytest.approx(nat_hours)
    assert found.of(items.ENDPOINT_HOURS) == pytest.approx(endpoint_hours)


@pytest.mark.parametrize(("zones", "usd"), [(1, 0), (2, 1000 / 2 * 0.02), (3, 1000 * 2 / 3 * 0.02)])
def test_what_reaches_one_gateway_from_other_zones_is_charged_on_both_sides(zones: int, usd: float) -> None:
    assert of("trap", starts=0, lake_gb=1000, zones=zones).of(items.ZONES) == pytest.approx(usd)
    assert of("per_az", starts=0, logs_gb=1000, zones=zones).of(items.ZONES) == 0


@pytest.mark.parametrize(
    ("changes", "billed"),
    [
        ({"seconds": 5, "pull": 10}, 60),  # a minute at least
        ({"seconds": 50, "pull": 10}, 60),
        ({"seconds": 50, "pull": 10.2}, 61),  # whole seconds
        ({"seconds": 60, "image_mb": 500}, 110),  # 10 MB a second
        ({"seconds": 3600, "pull": 0}, 3600),
    ],
)
def test_fargate_bills_from_the_start_of_the_pull(changes: dict[str, Any], billed: int) -> None:
    assert work(**changes).billed_seconds == billed


@pytest.mark.parametrize(
    ("changes", "fargate", "spot"),
    [
        ({}, 100 * 0.03238 + 200 * 0.00356, 0),
        ({"architecture": "X86_64"}, 100 * 0.04048 + 200 * 0.004445, 0),
        ({"spot": 1}, 0, 100 * 0.01030969 + 200 * 0.00113349),
        ({"spot": 0.25}, 75 * 0.03238 + 150 * 0.00356, 25 * 0.01030969 + 50 * 0.00113349),
    ],
)
def test_tasks(changes: dict[str, Any], fargate: float, spot: float) -> None:
    """A hundred tasks of an hour with 1 vCPU and 2 GB."""
    found = of("closed", **{"starts": 100, "seconds": 3600, "pull": 0, "cpu": 1, "memory": 2, **changes})
    assert found.of(items.FARGATE) == pytest.approx(fargate)
    assert found.of(items.SPOT) == pytest.approx(spot)


def test_what_is_stored() -> None:
    found = of("closed", starts=10_000, logs_gb=10, log_days=365 / 12, images=4)
    assert found.of(items.ECR) == pytest.approx(4 * 0.5 * 0.10)
    assert found.of(items.CLOUDWATCH) == pytest.approx(10 * 0.50 + 10 * 0.03)
    assert found.of(items.S3) == pytest.approx(10 * 0.023 + 10 * 0.005)


@pytest.mark.parametrize(
    ("changes", "hosts", "balancer", "database"),
    [
        ({}, 730 * 0.0672 + 50 * 0.08, 0, 730 * 0.065 + 20 * 0.115),
        ({"hosts": 2, "host_disk_gb": 30}, 2 * (730 * 0.0672 + 30 * 0.08), 730 * 0.0225, 730 * 0.065 + 20 * 0.115),
        ({"multi_az": True}, 730 * 0.0672 + 50 * 0.08, 0, 2 * (730 * 0.065 + 20 * 0.115)),
    ],
)
def test_hosts_and_the_database(changes: dict[str, Any], hosts: float, balancer: float, database: float) -> None:
    found = of("single", **changes)
    assert found.of(items.HOSTS) == pytest.approx(hosts)
    assert found.of(items.LOAD_BALANCER) == pytest.approx(balancer)
    assert found.of(items.DATABASE) == pytest.approx(database)


@pytest.mark.parametrize("key", ["closed", "single", "per_az", "trap", "ecr"])
def test_the_whole_is_the_sum_of_its_parts(key: str) -> None:
    found = of(key, hosts=2, spot=0.5, logs_gb=5, lake_gb=5)
    assert found.total == pytest.approx(sum(found.of(item) for item in items.ITEMS))
    assert {line.item for line in found.lines} <= set(items.ITEMS)


def test_only_the_network_differs() -> None:
    others = {round(of(each.key).total - of(each.key).network_usd, 6) for each in networks(11)}
    assert len(others) == 1


@pytest.mark.parametrize(("cpu", "memory"), [(3, 4), (0.25, 4), (16, 8), (0.3, 0.5)])
def test_an_illegal_size_is_refused(cpu: float, memory: float) -> None:
    with pytest.raises(IllegalSize, match="legal are"):
        work(cpu=cpu, memory=memory)


def test_the_break_even_is_where_both_cost_the_same() -> None:
    point = break_even(network("closed"), network("trap"), work(), PRICES)
    assert point.starts == pytest.approx(4512, rel=0.001)
    assert of("closed", starts=point.starts).total == pytest.approx(of("trap", starts=point.starts).total)
    assert of("closed", starts=point.starts * 1.1).total < of("trap", starts=point.starts * 1.1).total
    assert of("closed", starts=point.starts * 0.9).total > of("trap", starts=point.starts * 0.9).total
    # 11 endpoints in 2 zones, less a gateway with its address, by what a GB costs more through NAT
    assert point.nat_tb == pytest.approx((730 * (0.22 - 0.05)) / (0.045 + 0.01) / 1000, rel=0.001)


def test_what_always_and_what_never_costs_less() -> None:
    assert break_even(network("single"), network("trap"), work(), PRICES).starts == 0
    assert break_even(network("trap"), network("single"), work(), PRICES).starts is None
    assert break_even(network("closed", 1), network("per_az"), work(zones=3), PRICES).starts == 0


@pytest.mark.parametrize(
    ("changes", "endpoints", "expected"),
    [
        ({}, 11, "single"),
        ({"starts": 0}, 11, "single"),
        ({"starts": 0, "zones": 1}, 1, "closed"),
        ({"logs_gb": 5000}, 11, "closed"),
    ],
)
def test_the_cheapest(changes: dict[str, Any], endpoints: int, expected: str) -> None:
    bills = [bill(each, work(**changes), PRICES) for each in networks(endpoints)]
    assert cheapest(bills).network.key == expected
