"""Variables that are written through REST: each that was acknowledged has to be there, once."""

import json
import uuid
from collections import Counter as Counts
from dataclasses import dataclass, field
from typing import Any

from tests.deploy.load.connection import Connection, Target
from tests.deploy.load.kind import JSON, Kind

PATH = "/api/v2/variables"
PAGE = 100


@dataclass
class Writes:
    """The variables of one run of the load; their names have a beginning of their own."""

    headers: dict[str, str]
    clients: int = 2
    beginning: str = field(default_factory=lambda: f"load-{uuid.uuid4().hex[:8]}-")
    sent: int = 0
    confirmed: set[str] = field(default_factory=set)

    def kind(self) -> Kind:
        return Kind(
            "write",
            PATH,
            method="POST",
            clients=self.clients,
            expected=(201,),
            headers={**JSON, **self.headers},
            body=self._next,
            acknowledged=lambda body: self.confirmed.add(json.loads(body)["key"]),
        )

    def _next(self) -> bytes:
        self.sent += 1
        return json.dumps({"key": f"{self.beginning}{self.sent:06}", "value": "written under load"}).encode()

    async def check(self, target: Target) -> dict[str, Any]:
        """Compare what was acknowledged with what is there."""
        there = Counts(await self._there(target))
        return {
            "sent": self.sent,
            "acknowledged": len(self.confirmed),
            "missing": sorted(self.confirmed - there.keys()),
            "twice": sorted(key for key, count in there.items() if count > 1),
            "not_acknowledged": sorted(there.keys() - self.confirmed),
        }

    async def _there(self, target: Target) -> list[str]:
        connection, keys = Connection(target, target.tls()), list[str]()
        while True:
            if not connection.usable:
                await connection.open()
            query = f"{PATH}?variable_key_pattern={self.beginning}%25&limit={PAGE}&offset={len(keys)}&order_by=key"
            answer = await connection.request("GET", query, self.headers)
            if answer.status != 200:
                raise RuntimeError(f"{PATH} answered {answer.status}: {answer.body[:200]!r}")
            page = [entry["key"] for entry in json.loads(answer.body)["variables"]]
            keys += page
            if len(page) < PAGE:
                connection.close()
                return keys
