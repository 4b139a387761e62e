"""What a deploy's and a rollback's options do, and a drain that does not wait for long: the tests are one story.

TESTS=full. Nothing is deployed when it begins; A is OURS, B is NEW, C comes after it, D has moved a DAG's file.
"""

import json
from typing import Any

import pytest

from tests.deploy.host_under_test import BUCKETS, HostUnderTest
from tests.deploy.proof.ledger import Ledger
from tests.deploy.proof.people import Caller
from tests.deploy.proof.site import NEW, Site, until, wrong

pytestmark = pytest.mark.timeout(1200)

C, D = "c0000000", "d0000000"
PROOF = "deploy_proof_dag"
CUT = """
from airflow.sdk import dag, get_current_context, task
from pipelines import deploy_proof
from pipelines.defaults import START


@dag(schedule=None, start_date=START, catchup=False, tags=["proof"])
def cut():
    def work(name, run_id):
        first = get_current_context()["ti"].try_number == 1
        deploy_proof.work(run_id, name, 0, 600 if first else 0)

    @task(retries=1)
    def twice(run_id=None):
        work("twice", run_id)

    @task(retries=0)
    def once(run_id=None):
        work("once", run_id)

    twice(), once()


cut()
"""
MOVES = """
from airflow.sdk import dag, task
from pipelines import deploy_proof
from pipelines.defaults import START


@dag(schedule=None, start_date=START, catchup=False, tags=["proof"])
def moves():
    @task
    def long(run_id=None):
        deploy_proof.work(run_id, "long", 0, 90)

    long()


moves()
"""


@pytest.fixture(scope="module")
def ledger(host: HostUnderTest) -> Ledger:
    return Ledger(host.client("s3"), BUCKETS["lake"], host.postgres.do)


def began(host: HostUnderTest, run: str, count: int) -> None:
    """Wait until so many tasks of a run have begun."""
    place = {"Bucket": BUCKETS["lake"], "Prefix": f"proof/{run}/"}
    until(lambda: host.client("s3").list_objects_v2(**place).get("KeyCount") == count)


def tasks(host: HostUnderTest, run: str) -> dict[str, tuple[str, str]]:
    """Return the state of each task that is no mapped one, and the revision of the release that it has."""
    query = """
        SELECT t.task_id, t.state, left(v.bundle_version, 8) FROM task_instance t
        JOIN dag_version v ON v.id = t.dag_version_id WHERE t.run_id = %s
    """
    return {task: (state, release) for task, state, release in host.postgres.do(query, run)}


def audited(host: HostUnderTest) -> dict[str, Any]:
    return dict(json.loads((host.host / "state" / "audit.jsonl").read_text().splitlines()[-1]))


def test_a_first_deploy_finds_a_dag_that_cannot_be_imported(
    host: HostUnderTest, image: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = Site(host, tmp_path_factory.mktemp("first"), image)
    broken = site.build("f0000000", dags__broken="import airflow  # and a dag\nraise ValueError('a mistake in a DAG')")
    wrong(site.deploy(broken), 7, "broken.py", "a mistake in a DAG")
    assert host.postgres.do("SELECT to_regclass('public.dag_run')") == [(None,)]
    assert host.docker("ps", "--all", "--quiet", "--filter", f"name={host.name}-").stdout == ""


def test_local_tasks_that_are_cut_are_named_and_run_again(host: HostUnderTest, site: Site, ledger: Ledger) -> None:
    """Their scheduler is gone, and the other one takes them for orphans: whatever their retries, they begin again."""
    assert site.deploy(site.build(NEW, dags__cut=CUT)).returncode == 0
    caller = Caller(host)
    caller.unpause("cut")
    caller.start("cut", "cut-short", {})
    began(host, "cut-short", 2)
    after = site.build(C, dags__cut=CUT, dags__moves=MOVES)
    host.configure(**host.settings | {"DRAIN_S": "5"})
    try:
        result = site.deploy(after)
    finally:
        host.configure(**host.settings | {"DRAIN_S": "300"})
    assert result.returncode == 0, result.stderr
    site.serves(C)
    names = {"cut cut-short once[-1]", "cut cut-short twice[-1]"}
    assert "these local tasks were cut after 5 s (DRAIN_S):" in result.stderr
    assert names <= {*result.stderr.splitlines()}
    assert {*audited(host)["cut"].splitlines()} == names
    until(lambda: caller.state("cut", "cut-short") not in ("queued", "running"))
    account = ledger.account("cut-short", NEW, {"once": 1, "twice": 1})
    assert (account.state, account.lost, account.not_succeeded) == ("success", [], {})
    assert account.doubled == ["once-000", "twice-000"]  # and the first of both was cut
    assert sorted(account.rerun) == ["once[-1] #1", "twice[-1] #1"]


def test_a_rollback_goes_to_the_release_before(host: HostUnderTest, site: Site) -> None:
    site.serves(C)
    result = host.run("rollback.sh")
    assert result.returncode == 0, result.stderr
    assert f"back to {host.repository}@sha256:" in result.stdout
    site.serves(NEW)


def test_a_rollback_may_take_the_runs_along(host: HostUnderTest, site: Site) -> None:
    site.serves(NEW)
    caller = Caller(host)
    caller.unpause(PROOF)
    caller.start(PROOF, "taken-along", {"fargate": [240], "local": [1]})
    began(host, "taken-along", 3)  # the local one has ended as well
    result = host.run("rollback.sh", "--move-runs")
    assert result.returncode == 0, result.stderr
    assert f"moved: {PROOF} taken-along" in result.stdout
    site.serves(C)
    assert caller.state(PROOF, "taken-along") == "running"
    until(lambda: caller.state(PROOF, "taken-along") != "running", within=400)
    assert caller.state(PROOF, "taken-along") == "success"
    seen = tasks(host, "taken-along")
    # what ran stays what it was; what had not begun is the other release's
    assert seen["on_fargate"] == ("success", NEW)
    assert seen[f"only_in_{C}"] == ("success", C)
    assert seen[f"only_in_{NEW}"][0] == "removed"
    [(release,)] = host.postgres.do("SELECT left(bundle_version, 8) FROM dag_run WHERE run_id = 'taken-along'")
    assert release == C


def test_a_deploy_waits_for_a_run_that_it_would_break(host: HostUnderTest, site: Site, ledger: Ledger) -> None:
    site.serves(C)
    caller = Caller(host)
    caller.unpause("moves")
    moved = site.build(D, dags__team__moves=MOVES, dags__cut=CUT)
    caller.start("moves", "in-the-way", {})
    began(host, "in-the-way", 1)
    wrong(
        site.deploy(moved),
        7,
        "1 unfinished runs of moves need moves.py of release c0000000-",
        "team/moves.py",
        "--wait",
    )
    site.serves(C)
    assert caller.state("moves", "in-the-way") == "running"
    result = host.run("deploy.sh", "--wait", moved)
    assert result.returncode == 0, result.stderr
    assert "1 hindrances; looking again" in result.stderr
    site.serves(D)
    account = ledger.account("in-the-way", C, {"long": 1})
    assert (account.state, account.faults) == ("success", {})
