"""Secrets are rotated while tasks run: none is lost, and the old values are good for nothing afterwards."""

import json
import threading
import urllib.error
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import pytest
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.engine import make_url

from fargate.deploy import database
from tests.deploy.host_under_test import BUCKETS, PREFIX
from tests.deploy.proof.ledger import Ledger
from tests.deploy.proof.people import Caller
from tests.deploy.proof.site import OURS, Site, until

pytestmark = pytest.mark.timeout(1800)

DAG = "deploy_proof_dag"
EVERY_S = 60
# 600 s each in production; the long task has to renew its token several times while the secret is rotated
TOKENS = {"AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "60", "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "120"}
SHORT, LONG = {"fargate": [5, 25], "local": [5]}, {"fargate": [600], "local": [100]}
# Airflow's answer to a token whose signature is not right; 401 is for none
NOT_KNOWN = 403
STORED = "SELECT val FROM variable WHERE key = 'rotated'"


@dataclass
class Runs:
    """A run every EVERY_S seconds, and a long one at the beginning; ``with`` begins and ends it."""

    site: Site
    begun: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Runs":
        self.caller = Caller(self.site.host)
        self.caller.unpause(DAG)
        self._begin("long", LONG)
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._begin(f"short-{len(self.begun)}", SHORT)

    def _begin(self, run: str, conf: dict[str, Any]) -> None:
        try:
            self.caller.start(DAG, run, conf)
            self.begun[run] = conf
        except urllib.error.HTTPError as error:
            self.refused.append(f"{run}: {error.code}")
            self.caller = Caller(self.site.host)  # the token of the old secret has had its time


@dataclass(frozen=True)
class Rotated:
    old: dict[str, str]
    new: dict[str, str]
    runs: Runs
    token: str
    said: dict[str, str]


@pytest.fixture(scope="module")
def rotated(site: Site) -> Rotated:
    site.host.configure(**site.host.settings | TOKENS | {"DRAIN_S": "300"})
    again = site.deploy(site.ours)
    assert again.returncode == 0, again.stderr
    caller = Caller(site.host)
    caller.call("POST", "/api/v2/variables", {"key": "rotated", "value": "kept"})
    old, said = values(site), dict[str, str]()
    with Runs(site) as runs:
        for secret in ("fernet-key", "database-url", "jwt-secret"):
            result = site.host.run("rotate.sh", secret)
            said[secret] = result.stdout
            print(result.stdout)
            assert result.returncode == 0, f"{result.stdout[-2000:]}{result.stderr[-3000:]}"
    return Rotated(old, values(site), runs, caller.token, said)


def values(site: Site) -> dict[str, str]:
    client = site.host.client("secretsmanager")
    names = ("fernet-key", "database-url", "jwt-secret")
    return {name: client.get_secret_value(SecretId=f"{PREFIX}/{name}")["SecretString"] for name in names}


def test_all_are_new(rotated: Rotated) -> None:
    assert all(rotated.old[name] != rotated.new[name] for name in rotated.old)
    assert not any("," in rotated.new[name] for name in ("fernet-key", "jwt-secret"))


def test_no_task_was_lost_doubled_or_run_again(rotated: Rotated, site: Site) -> None:
    caller = Caller(site.host)
    until(lambda: all(caller.state(DAG, run) not in ("queued", "running") for run in rotated.runs.begun), within=300)
    ledger = Ledger(site.host.client("s3"), BUCKETS["lake"], site.host.postgres.do)
    faults = {}
    for run, conf in rotated.runs.begun.items():
        expected = {"fargate": len(conf["fargate"]), "local": len(conf["local"]), "last": 1}
        account = ledger.account(run, OURS, expected)
        faults[run] = {"state": account.state, **account.faults}
    assert len(faults) > 4
    assert {run: fault for run, fault in faults.items() if fault != {"state": "success"}} == {}


def test_callers_log_in_again_once(rotated: Rotated) -> None:
    """The token of the old secret is good until the last step of its rotation, and not longer."""
    assert len(rotated.runs.refused) <= 1
    assert all(refused.endswith(f": {NOT_KNOWN}") for refused in rotated.runs.refused)


def test_a_token_of_the_old_secret_is_refused(rotated: Rotated, site: Site) -> None:
    caller = Caller(site.host)
    assert caller.call("GET", "/api/v2/variables/rotated")["value"] == "kept"
    caller.token = rotated.token
    with pytest.raises(urllib.error.HTTPError) as refused:
        caller.call("GET", "/api/v2/variables/rotated")
    assert refused.value.code == NOT_KNOWN


def test_what_is_stored_is_encrypted_with_the_new_key(rotated: Rotated, site: Site) -> None:
    [(stored,)] = site.host.postgres.do(STORED)
    assert Fernet(rotated.new["fernet-key"]).decrypt(stored.encode()) == b"kept"
    with pytest.raises(InvalidToken):
        Fernet(rotated.old["fernet-key"]).decrypt(stored.encode())


def test_the_old_login_is_refused(rotated: Rotated, site: Site) -> None:
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        psycopg2.connect(**database.parameters(make_url(rotated.old["database-url"])))
    users = site.host.postgres.do("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'airflow%'")
    assert users == [("airflow_a",)]
    owners = site.host.postgres.do("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners == [("airflow",)]


def test_the_audit_says_who_rotated_what(rotated: Rotated, site: Site) -> None:
    lines = (site.host.host / "state" / "audit.jsonl").read_text().splitlines()
    who = [entry["who"] for entry in map(json.loads, lines) if entry["result"] == "done"]
    assert [who.count(f"tester (rotates {name})") for name in rotated.old] == [3, 1, 3]
