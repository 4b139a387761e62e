"""Deploys in a row under load: no request fails, no task is lost, doubled or run again, no run changes its release.

TESTS=full: five deploys, and in each run 50 tasks on Fargate of 30 to 120 s and 4 local ones that take three
times as long as a scheduler may be silent. Else: one deploy (DEPLOYS), and shorter tasks.
"""

import json
import os
import time
from typing import Any

import pytest

from tests.deploy.host_under_test import BUCKETS, HostUnderTest
from tests.deploy.proof.figures import load, steps, write
from tests.deploy.proof.ledger import Account, Ledger
from tests.deploy.proof.observer import Decisions
from tests.deploy.proof.people import Caller
from tests.deploy.proof.releases import ProofRelease, build
from tests.deploy.proof.work import DAG, Work
from tests.form import FULL

DEPLOYS = int(os.environ.get("DEPLOYS", 5 if FULL else 1))
FARGATE = [30 + 90 * n // 49 for n in range(50)] if FULL else [20 + 2 * n for n in range(10)]
LOCAL = [75] * 4 if FULL else [40] * 2
LONG_S = 60 if FULL else 20
MOST_VERSIONS, MOST_SILENT_S = 2, 5.0

pytestmark = pytest.mark.timeout(3600 if FULL else 600 + 300 * DEPLOYS)


@pytest.fixture(scope="module")
def releases(host: HostUnderTest, image: str, tmp_path_factory: pytest.TempPathFactory) -> list[ProofRelease]:
    folder = tmp_path_factory.mktemp("releases")
    return [build(image, f"{number:08x}", folder, f"{host.name}-proof:{number}") for number in range(DEPLOYS + 1)]


@pytest.fixture(scope="module")
def proof(
    host: HostUnderTest, releases: list[ProofRelease], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """All that was counted: ``load``, ``accounts`` by run, ``versions``, ``silent``, ``deploys``."""
    digests = [host.push(release.image) for release in releases]
    if FULL:  # what a host has by default: its longest requests take so long
        host.configure(**host.settings | {"NGINX_DRAIN_S": "130", "STOP_S": "130"})
    deploy(host, digests[0])
    caller = Caller(host)
    caller.unpause(DAG)
    work, seconds = Work(host, caller, FARGATE, LOCAL), list[float]()
    counted = tmp_path_factory.mktemp("load") / "load.json"
    with Decisions(host.postgres.do) as decisions, load(host, caller, LONG_S, counted) as client:
        work.begin(releases[0])
        for release, digest in zip(releases[1:], digests[1:], strict=True):
            time.sleep(15)  # tasks of the run are queued, starting and running
            seconds.append(deploy(host, digest))
            work.begin(release)
        work.until_ended(900 if FULL else 300)
        assert client.poll() is None, "the load has ended early: see load.log"
    counts = json.loads(counted.read_text())
    write("blue-green", counts, {"seconds": seconds, "steps": steps(host)[1:], "silent_s": decisions.longest_s})
    versions = Ledger(host.client("s3"), BUCKETS["lake"], host.postgres.do).versions()
    return {
        "load": counts,
        "accounts": work.accounts(),
        "versions": versions,
        "silent": decisions,
        "deploys": seconds,
    }


def deploy(host: HostUnderTest, image: str) -> float:
    began = time.monotonic()
    result = host.run("deploy.sh", image)
    assert result.returncode == 0, f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
    print(result.stdout)
    return time.monotonic() - began


def test_no_request_failed(proof: dict[str, Any]) -> None:
    counted = proof["load"]
    print(json.dumps(counted, indent=2))
    assert (counted["failed"], counted["examples"]) == (0, [])
    assert all(kind["ok"] for kind in counted["kinds"].values()), "a kind of load that asked nothing"
    assert {"long", "stream", "write", "heartbeat"} <= counted["kinds"].keys()
    assert counted["writes"]["missing"] == counted["writes"]["twice"] == []


def test_no_task_was_lost_doubled_or_run_again(proof: dict[str, Any]) -> None:
    accounts: dict[str, tuple[ProofRelease, Account]] = proof["accounts"]
    assert len(accounts) == DEPLOYS + 1
    assert {run: account.faults for run, (_, account) in accounts.items() if account.faults} == {}
    assert {account.state for _, account in accounts.values()} == {"success"}


def test_each_run_finished_on_its_own_release(proof: dict[str, Any]) -> None:
    for release, account in proof["accounts"].values():
        assert account.release is not None
        assert account.release.startswith(release.name)
        own = [task for task in account.tasks if task.startswith("only_in_")]
        assert own == [release.task]
    assert len({account.release for _, account in proof["accounts"].values()}) == DEPLOYS + 1


def test_a_release_makes_few_versions_of_a_dag(proof: dict[str, Any]) -> None:
    versions = {name: count for name, count in proof["versions"].items() if name.startswith(f"{DAG}@")}
    assert len(versions) == DEPLOYS + 1
    assert max(proof["versions"].values()) <= MOST_VERSIONS


def test_scheduling_went_on(proof: dict[str, Any]) -> None:
    silent: Decisions = proof["silent"]
    print(f"no decision for {silent.longest_s:.1f} s at most; deploys took {proof['deploys']} s")
    assert silent.looks > 50
    assert silent.longest_s <= MOST_SILENT_S
