"""Runs of the proof's DAG, which go on while releases come and go, and what became of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.deploy.host_under_test import BUCKETS, HostUnderTest
from tests.deploy.proof.ledger import Account, Ledger
from tests.deploy.proof.people import Caller
from tests.deploy.proof.releases import ProofRelease

DAG = "deploy_proof_dag"


@dataclass
class Work:
    """``fargate`` and ``local`` are the seconds of each run's tasks; ``runs`` is which release each began on."""

    host: HostUnderTest
    caller: Caller
    fargate: Sequence[float]
    local: Sequence[float]
    runs: dict[str, ProofRelease] = field(default_factory=dict)

    def begin(self, release: ProofRelease) -> str:
        """Start a run, which is one of the release that serves; returns its id."""
        run = f"of-{release.name}-{len(self.runs)}"
        self.caller.start(DAG, run, {"fargate": list(self.fargate), "local": list(self.local)})
        self.runs[run] = release
        return run

    def until_ended(self, within: float) -> None:
        deadline = time.monotonic() + within
        while states := {run: state for run in self.runs if (state := self._state(run)) in ("queued", "running")}:
            assert time.monotonic() < deadline, f"not ended: {states}"
            time.sleep(2)

    def _state(self, run: str) -> str:
        return self.caller.state(DAG, run)

    def accounts(self) -> dict[str, tuple[ProofRelease, Account]]:
        """Return what became of each run."""
        ledger = Ledger(self.host.client("s3"), BUCKETS["lake"], self.host.postgres.do)
        expected = {"fargate": len(self.fargate), "local": len(self.local), "last": 1}
        return {run: (release, ledger.account(run, release.name, expected)) for run, release in self.runs.items()}
