"""The ways back, under the load of the proof: a rollback, and a bad release that is taken back by itself."""

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.deploy.host_under_test import HostUnderTest
from tests.deploy.proof.figures import load
from tests.deploy.proof.ledger import Account
from tests.deploy.proof.observer import Decisions
from tests.deploy.proof.people import Caller
from tests.deploy.proof.releases import ProofRelease, build
from tests.deploy.proof.site import SLEEPS, wrong
from tests.deploy.proof.work import DAG, Work

pytestmark = pytest.mark.timeout(1800)

LONG_S, WITHDRAWN = 20, 1
FARGATE, LOCAL = [20 + 2 * n for n in range(10)], [40, 40]


@dataclass(frozen=True)
class Back:
    counts: dict[str, Any]
    accounts: dict[str, tuple[ProofRelease, Account]]
    decisions: Decisions
    audit: list[dict[str, Any]]


@pytest.fixture(scope="module")
def back(host: HostUnderTest, image: str, tmp_path_factory: pytest.TempPathFactory) -> Back:
    folder = tmp_path_factory.mktemp("back")
    good, withdrawn = (build(image, f"{n:08x}", folder, f"{host.name}-back:{n}") for n in (0xD0, 0xD1))
    sleeps = {"plugins/sleep.py": SLEEPS.format(process="scheduler")}
    bad = build(image, f"{0xD2:08x}", folder, f"{host.name}-back:bad", extra=sleeps)
    done(host, "deploy.sh", host.push(good.image))
    caller = Caller(host)
    caller.unpause(DAG)
    work = Work(host, caller, FARGATE, LOCAL)
    with Decisions(host.postgres.do) as decisions, load(host, caller, LONG_S, folder / "load.json"):
        work.begin(good)
        done(host, "deploy.sh", host.push(withdrawn.image))
        work.begin(withdrawn)
        time.sleep(15)
        done(host, "rollback.sh")
        work.begin(good)
        host.configure(**host.settings | {"START_S": "45"})
        wrong(host.run("deploy.sh", host.push(bad.image)), 10, "scheduler of", "after 45 s", "back to")
        work.begin(good)
        work.until_ended(300)
    audit = [json.loads(line) for line in (host.host / "state" / "audit.jsonl").read_text().splitlines()]
    return Back(json.loads((folder / "load.json").read_text()), work.accounts(), decisions, audit)


def done(host: HostUnderTest, script: str, *arguments: str) -> None:
    result = host.run(script, *arguments)
    assert result.returncode == 0, f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"


def test_no_request_failed(back: Back) -> None:
    print(json.dumps(back.counts, indent=2))
    assert (back.counts["failed"], back.counts["examples"]) == (0, [])
    assert all(kind["ok"] for kind in back.counts["kinds"].values())
    assert back.counts["writes"]["missing"] == back.counts["writes"]["twice"] == []


def test_no_task_was_lost_doubled_or_run_again(back: Back) -> None:
    assert {run: account.faults for run, (_, account) in back.accounts.items() if account.faults} == {}
    assert {account.state for _, account in back.accounts.values()} == {"success"}


def test_runs_of_the_withdrawn_release_end_on_it(back: Back) -> None:
    releases = [(release.name, account.release or "") for release, account in back.accounts.values()]
    assert len(releases) == 4
    assert all(began_on == ended_on[:8] for began_on, ended_on in releases)
    assert len({began_on for began_on, _ in releases}) == 2


def test_scheduling_went_on(back: Back) -> None:
    print(f"no decision for {back.decisions.longest_s:.1f} s at most")
    assert back.decisions.longest_s <= 5.0


def test_the_audit_has_each(back: Back) -> None:
    assert [entry["result"] for entry in back.audit] == ["done", "done", "done", "failed"]
    assert back.audit[-1]["step"] == "control-plane"
