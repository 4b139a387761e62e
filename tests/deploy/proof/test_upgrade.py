"""Airflow itself is upgraded, with its migration, and taken back from the snapshot: TESTS=full.

The tests are one story and run in their order: an older Airflow serves, is upgraded, taken back, upgraded by a
migration that fails in the middle, taken back from there, and upgraded by going on with one that failed.
"""

import json
import tomllib

import pytest

from tests.deploy.engine import Engine
from tests.deploy.host_under_test import ROOT, HostUnderTest
from tests.deploy.proof import older, page
from tests.deploy.proof.page import Page, asked
from tests.deploy.proof.people import Caller
from tests.deploy.proof.rehearsal import CLOCK, DAG, FIRST, THEN, Rehearsal, build
from tests.deploy.proof.site import NEW, OURS, Site, wrong

pytestmark = pytest.mark.timeout(1200)

NEWER = next(
    line.partition("==")[2]
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    if line.startswith("apache-airflow==")
)
OLDER_HEAD, NEWER_HEAD = "1d6611b6ab7c", "d2f4e1b3c5a7"  # of Airflow's migrations
# a table that the ninth of fourteen migrations makes
IN_THE_WAY = "connection_test_request"


@pytest.fixture(scope="module")
def older_image(engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return older.image(engine, base_image, tmp_path_factory.mktemp("older"), "airflow-tests:older")


@pytest.fixture(scope="module")
def it(host: HostUnderTest, image: str, older_image: str, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """The older Airflow serves, and one run of it has ended."""
    folder = tmp_path_factory.mktemp("releases")
    it = Rehearsal(host, build(host, folder, older_image, OURS), build(host, folder, image, NEW))
    host.configure(START_S="240", PARSE_S="240", DRAIN_S="300", STOP_S="10", BAKE_S="5", **it.snapshot_programs())
    assert it.deploy(it.old).returncode == 0
    for dag in (DAG, CLOCK):
        Caller(host).unpause(dag)
    add_user(host, "somebody")
    assert it.complete("before").state == "success"
    return it


def add_user(host: HostUnderTest, name: str) -> None:
    """Add a user as an administrator does, with the password of the account for REST."""
    user = {"username": name, "email": f"{name}@localhost", "first_name": name, "last_name": "x"}
    body = user | {"password": host.passwords["rest"], "roles": [{"name": "Op"}]}
    Caller(host, "admin").call("POST", "/auth/fab/v1/users", body)


def serves(it: Rehearsal, name: str, airflow: str) -> None:
    """Make sure that a release serves everybody, with its Airflow and the schema of that."""
    Site(it.host, it.host.folder, "").serves(name)
    assert Caller(it.host).call("GET", "/api/v2/version")["version"] == airflow
    assert it.schema() == {older.AIRFLOW: OLDER_HEAD, NEWER: NEWER_HEAD}[airflow]
    assert not (it.host.host / "state" / "deploy.json").exists()
    assert Caller(it.host, "somebody", it.host.passwords["rest"]).token


def stays_behind_the_page(it: Rehearsal) -> None:
    """Make sure that people get the page, load balancers keep the host, and nothing of Airflow runs."""
    page.until(it.host, "people", 503)
    assert {who: asked(it.host, who) for who in page.ASKED} == {
        "people": 503,
        "programs": 503,
        "balancer": 200,
        "workers": 200,
    }
    assert it.running() == []
    assert "maintenance" in {colour["state"] for colour in it.host.colours()["colours"]}


def test_an_upgrade_that_nobody_asked_for_is_refused_and_touches_nothing(it: Rehearsal) -> None:
    before = it.running()
    assert len(before) == 4
    wrong(it.deploy(it.new), 6, "the database lacks migrations", "--migrate")
    assert it.running() == before
    serves(it, OURS, older.AIRFLOW)


def test_without_a_snapshot_what_served_comes_back(it: Rehearsal) -> None:
    program = it.host.host / "hooks" / "snapshot"
    whole = program.read_text()
    program.write_text("#!/bin/sh\necho the disk of snapshots is full >&2\nexit 28\n")
    try:
        wrong(it.deploy("--migrate", it.new), 6, "the disk of snapshots is full", "ended with 28. Nothing was changed")
    finally:
        program.write_text(whole)
    serves(it, OURS, older.AIRFLOW)
    assert it.complete("again").state == "success"


def test_an_upgrade_lets_tasks_end_and_runs_go_on(it: Rehearsal) -> None:
    it.begin("across")
    with Page(it.host) as seen:
        result = it.deploy("--migrate", it.new)
    assert result.returncode == 0, result.stderr
    steps = it.steps()
    print(json.dumps({"page_s": seen.seconds, "steps": steps}))
    serves(it, NEW, NEWER)
    # the page once, and never a host that a load balancer would take away
    assert seen.statuses("people") == [200, 503, 200]
    assert seen.statuses("programs") == [401, 503, 401]
    assert (seen.statuses("balancer"), seen.statuses("workers")) == ([200], [200])
    first, last = seen.up
    assert it.ticks(first.replace(year=first.year - 1), first) > 2
    # a run that was being made when the page came up may begin a moment later
    assert it.ticks(first, last) <= 1
    # and no longer than what cannot be done beside what serves
    assert seen.seconds < 5 + sum(steps[name] for name in ("quiet", "snapshot", "migrate", "api-server", "switch"))
    account = it.until_ended("across")
    assert (account.state, account.rerun, account.lost, account.doubled) == ("success", [], [], [])
    # what ran has ended behind the page, and what waited has waited on
    ends = it.ends("across")
    assert all(first < ends[task] < last for task in FIRST)
    assert ends["waits"] > last
    assert Caller(it.host).state(DAG, "before") == "success"
    # each on its release: on Fargate with its image, and here with the libraries of what serves
    assert account.release is not None
    assert account.release.startswith(OURS)
    assert set(account.wrong_body.values()) == {OURS}
    assert it.airflows("across") == {
        **dict.fromkeys(FIRST, older.AIRFLOW),
        **{"then_fargate": older.AIRFLOW, "then_local": NEWER},
    }


def test_new_runs_are_those_of_the_new_release(it: Rehearsal) -> None:
    account = it.complete("after")
    assert account.state == "success"
    assert set(account.wrong_body.values()) == {NEW}
    assert set(it.airflows("after").values()) == {NEWER}


def test_the_way_back_is_the_snapshot(it: Rehearsal) -> None:
    """As the README tells it: a refusal that names the snapshot, maintenance, its restoring, the old release."""
    refused = it.host.run("rollback.sh")
    wrong(refused, 6, "a newer Airflow was here", "maintenance.sh on", it.migration)
    with Page(it.host) as seen:
        on = it.host.run("maintenance.sh", "on")
        assert on.returncode == 0, on.stderr
        stays_behind_the_page(it)
        it.restore()
        back = it.host.run("rollback.sh")
    wrong(back, 0)
    print(f"the page for {seen.seconds:.0f} s", back.stdout)
    assert seen.statuses("people") == [200, 503, 200]
    serves(it, OURS, older.AIRFLOW)
    assert it.states("after") == {}, "a run from after the snapshot"
    # what the snapshot had under way goes on, and what came after it is done again
    account = it.until_ended("across")
    assert (account.state, account.doubled) == ("success", [f"{task}-000" for task in sorted(THEN)])
    assert it.airflows("across")["then_local"] == older.AIRFLOW


def test_a_migration_that_fails_leaves_the_page_and_says_both_ways(it: Rehearsal) -> None:
    it.host.postgres.do(f"CREATE TABLE {IN_THE_WAY} (id int)")
    it.begin("broken")
    result = it.deploy("--migrate", it.new)
    wrong(result, 6, "the migration failed", "the maintenance page stays", "--migrate", "deploy.json", it.migration)
    assert it.schema() not in (OLDER_HEAD, NEWER_HEAD), "it is half-way"
    stays_behind_the_page(it)
    # nobody goes on by mistake
    wrong(it.deploy(it.new), 6, "it had begun to change the database's schema", it.migration)
    wrong(it.host.run("maintenance.sh", "on"), 6, it.migration)
    wrong(it.host.run("boot.sh"), 6, it.migration)
    # one that goes on and fails before it has touched anything has not forgotten it
    wrong(it.deploy("--migrate", it.new, MIN_DISK_MB="999999"), 4, "MIN_DISK_MB", "the maintenance page stays")
    stays_behind_the_page(it)


def test_back_from_a_migration_that_failed(it: Rehearsal) -> None:
    it.restore()
    (it.host.host / "state" / "deploy.json").unlink()
    result = it.deploy(it.old)
    assert result.returncode == 0, result.stderr
    serves(it, OURS, older.AIRFLOW)
    account = it.until_ended("broken")
    assert (account.state, account.rerun, account.lost, account.doubled) == ("success", [], [], [])


def test_on_from_a_migration_that_failed(it: Rehearsal) -> None:
    wrong(it.deploy("--migrate", it.new), 6, "the migration failed")
    named, half = it.migration, it.schema()
    it.host.postgres.do(f"DROP TABLE {IN_THE_WAY}")
    result = it.deploy("--migrate", it.new)
    assert result.returncode == 0, result.stderr
    assert half != NEWER_HEAD
    assert it.migration == named, "the snapshot is that of the whole database"
    serves(it, NEW, NEWER)
    for run in ("before", "across", "broken"):
        assert Caller(it.host).state(DAG, run) == "success"
    assert it.complete("last").state == "success"


def test_maintenance_that_is_ended(it: Rehearsal) -> None:
    on = it.host.run("maintenance.sh", "on")
    assert on.returncode == 0, on.stderr
    stays_behind_the_page(it)
    off = it.host.run("maintenance.sh", "off")
    assert off.returncode == 0, off.stderr
    serves(it, NEW, NEWER)
    assert it.complete("after-maintenance").state == "success"
