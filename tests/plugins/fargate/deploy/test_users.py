"""The users of the first deploy, in a database with Airflow's tables."""

import json
import os
import subprocess
import sys

import pytest
from werkzeug.security import check_password_hash

from infra.local.layout import ROOT
from tests.deploy.host_postgres import HostPostgres

# a process of its own, as in a deploy: what it makes of Airflow's login cannot be undone in this one
MAKE = """
import json, sys
from fargate.deploy import secret_values, users
secret_values.value = json.loads(sys.argv[1]).__getitem__
sys.stderr.write("made " + json.dumps(users.make()))
"""
USERS = """
SELECT u.username, r.name, u.password FROM ab_user u
JOIN ab_user_role ur ON ur.user_id = u.id JOIN ab_role r ON r.id = ur.role_id ORDER BY 1
"""


def make(secrets: dict[str, str]) -> list[str]:
    """Run what the first deploy runs; return whom it made."""
    command = [sys.executable, "-c", MAKE, json.dumps(secrets)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", "SECRETS_PREFIX": "test"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    made: list[str] = json.loads(done.stderr.rpartition("made ")[2])["made"]
    return made


@pytest.fixture
def logins(secrets: dict[str, str], tables: str, server: HostPostgres) -> dict[str, str]:
    """The secrets, and nobody who could log in."""
    server.do("DELETE FROM ab_user_role; DELETE FROM ab_user", dbname="tables")
    return secrets | {
        "test/database-url": tables,
        "test/admin-password": "of the admin",
        "test/rest-password": "of the caller",
    }


@pytest.mark.timeout(300)
def test_who_is_not_there_is_made_with_the_role_and_the_password_of_the_secret(
    logins: dict[str, str], server: HostPostgres
) -> None:
    assert make(logins) == ["admin", "rest"]
    admin, rest = server.do(USERS, dbname="tables")
    assert (admin[:2], rest[:2]) == (("admin", "Admin"), ("rest", "Op"))
    assert check_password_hash(admin[2], "of the admin")
    assert check_password_hash(rest[2], "of the caller")
    # one who is there keeps the password that it has, one who was removed is made again
    server.do(
        "DELETE FROM ab_user_role WHERE user_id = (SELECT id FROM ab_user WHERE username = 'rest')", dbname="tables"
    )
    server.do("DELETE FROM ab_user WHERE username = 'rest'", dbname="tables")
    assert make(logins | {"test/admin-password": "another"}) == ["rest"]
    [again, _] = server.do(USERS, dbname="tables")
    assert again == admin
