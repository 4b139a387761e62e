"""What a month costs, line by line."""

from dataclasses import dataclass

from scripts.costs.networks import Network, Traffic
from scripts.costs.prices import Price, Prices
from scripts.costs.workload import HOURS, Workload

FARGATE, SPOT = "Fargate", "Fargate Spot"
NAT_HOURS, NAT_BYTES, ZONES = "NAT hours", "NAT bytes", "between zones"
ENDPOINT_HOURS, ENDPOINT_BYTES, GATEWAY = "endpoint hours", "endpoint bytes", "S3 gateway endpoint"
ECR, CLOUDWATCH, S3 = "ECR storage", "CloudWatch Logs", "S3 logs"
HOSTS, LOAD_BALANCER, DATABASE = "hosts", "load balancer", "database"
NETWORK_ITEMS = (NAT_HOURS, NAT_BYTES, ZONES, ENDPOINT_HOURS, ENDPOINT_BYTES, GATEWAY)
ITEMS = (FARGATE, SPOT, *NETWORK_ITEMS, ECR, CLOUDWATCH, S3, HOSTS, LOAD_BALANCER, DATABASE)
DAYS = HOURS / 24


@dataclass(frozen=True)
class Line:
    item: str
    quantity: float
    price: Price

    @property
    def usd(self) -> float:
        return self.quantity * self.price.usd


@dataclass(frozen=True)
class Bill:
    network: Network
    traffic: Traffic
    lines: tuple[Line, ...]

    def has(self, item: str) -> bool:
        return any(line.item == item for line in self.lines)

    def of(self, *items: str) -> float:
        return sum(line.usd for line in self.lines if line.item in items)

    @property
    def total(self) -> float:
        return sum(line.usd for line in self.lines)

    @property
    def network_usd(self) -> float:
        """Return what the choice of the network decides; all else costs the same in each."""
        return self.of(*NETWORK_ITEMS)


def bill(network: Network, work: Workload, prices: Prices) -> Bill:
    traffic = network.traffic(work)
    lines = [
        *_tasks(work, prices),
        *_network(network, traffic, work.zones, prices),
        *_storage(work, prices),
        *_control_plane(work, prices),
    ]
    return Bill(network, traffic, tuple(line for line in lines if line.quantity))


def _tasks(work: Workload, prices: Prices) -> list[Line]:
    lines = []
    for item, share in ((FARGATE, 1 - work.spot), (SPOT, work.spot)):
        cpu, memory = prices.fargate(work.architecture, spot=item == SPOT)
        hours = work.hours * share
        lines += [Line(item, hours * work.cpu, cpu), Line(item, hours * work.memory, memory)]
    return lines


def _network(network: Network, traffic: Traffic, zones: int, prices: Prices) -> list[Line]:
    gateways = network.gateways(zones)
    # one gateway is in one zone: what the others send is charged on its way there, on both sides
    crossing = traffic.nat * (zones - 1) / zones * 2 if gateways == 1 else 0
    return [
        Line(NAT_HOURS, gateways * HOURS, prices["nat_hour"]),
        Line(NAT_HOURS, gateways * HOURS, prices["public_ipv4_hour"]),
        Line(NAT_BYTES, traffic.nat, prices["nat_gb"]),
        Line(ZONES, crossing, prices["zone_gb"]),
        Line(ENDPOINT_HOURS, network.endpoints * zones * HOURS, prices["endpoint_hour"]),
        Line(ENDPOINT_BYTES, traffic.endpoints, prices["endpoint_gb"]),
        Line(GATEWAY, network.s3_gateway, prices["s3_gateway"]),
    ]


def _storage(work: Workload, prices: Prices) -> list[Line]:
    kept_gb = work.logs_gb * work.log_days / DAYS
    return [
        Line(ECR, work.images * work.image_mb / 1000, prices["ecr_gb_month"]),
        Line(CLOUDWATCH, work.logs_gb, prices["logs_gb"]),
        Line(CLOUDWATCH, kept_gb, prices["logs_gb_month"]),
        Line(S3, kept_gb, prices["s3_gb_month"]),
        Line(S3, work.starts / 1000, prices["s3_1000_puts"]),
    ]


def _control_plane(work: Workload, prices: Prices) -> list[Line]:
    copies = 2 if work.multi_az else 1
    return [
        Line(HOSTS, work.hosts * HOURS, prices.host(work.host_type)),
        Line(HOSTS, work.hosts * work.host_disk_gb, prices["disk_gb_month"]),
        Line(LOAD_BALANCER, HOURS if work.hosts > 1 else 0, prices["load_balancer_hour"]),
        Line(DATABASE, copies * HOURS, prices.database(work.database_class)),
        Line(DATABASE, copies * work.database_gb, prices["database_gb_month"]),
    ]
