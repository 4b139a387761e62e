"""What AWS charges in a region, with the source of each price: infra/prices.json."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "infra" / "prices.json"


class UnknownPrice(Exception):
    """A region, instance type or database class whose price is not in the file; the message names those that are."""


@dataclass(frozen=True)
class Price:
    name: str
    usd: float
    unit: str
    source: str
    date: str
    evidence: str
    confirmed: bool
    note: str = ""

    def footnote(self) -> str:
        note = f"; {self.note}" if self.note else ""
        return f"{self.name}, ${self.usd:g} per {self.unit}, is not confirmed ({self.evidence}{note}): {self.source}"


class Prices:
    """The prices of one region."""

    def __init__(self, region: str, prices: dict[str, Price]) -> None:
        self.region, self._prices = region, prices

    def __getitem__(self, name: str) -> Price:
        return self._prices[name]

    def fargate(self, architecture: str, spot: bool) -> tuple[Price, Price]:
        """Return the prices of a vCPU-hour and of a GB-hour."""
        kind = f"{'spot' if spot else 'fargate'}_{architecture.lower()}"
        return self[f"{kind}_vcpu_hour"], self[f"{kind}_gb_hour"]

    def host(self, instance_type: str) -> Price:
        return self._of_kind("host", instance_type)

    def database(self, instance_class: str) -> Price:
        return self._of_kind("database", instance_class)

    def _of_kind(self, kind: str, name: str) -> Price:
        price = self._prices.get(f"{kind}_{name}_hour")
        if price is None:
            known = [key[len(kind) + 1 : -len("_hour")] for key in self._prices if key.startswith(f"{kind}_")]
            known = [key for key in known if "." in key]
            raise UnknownPrice(
                f"no price of the {kind} {name!r} in {self.region}: known are {', '.join(known)}; "
                f'add "{kind}_{name}_hour" to {FILE.name}'
            )
        return price


def load(region: str, file: Path = FILE) -> Prices:
    """Return the prices of a region.

    :raises UnknownPrice: when the file has no such region
    """
    regions = json.loads(file.read_text())["regions"]
    if region not in regions:
        raise UnknownPrice(
            f"no prices of the region {region!r}: known are {', '.join(sorted(regions))}; to add it, copy one of "
            f"these blocks in infra/{file.name} and replace each price by that of the page it names as its source"
        )
    return Prices(region, {name: Price(name, **entry) for name, entry in regions[region].items()})
