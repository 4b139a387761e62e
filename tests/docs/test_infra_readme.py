"""infra/README.md says what there is: the state's key, names, and the files and rights of the restore drill."""

import re
from pathlib import Path

import boto3

from scripts.ci.place import Place

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "infra" / "README.md").read_text()
FIRST = (ROOT / "docs" / "first-deploy.md").read_text()
DRILL = ("restore_drill", "rds_restore", "restored_database")
IMPORTED = re.compile(r"^from scripts\.(\w+) import|^from scripts import ([\w, ]+)", re.MULTILINE)
CALLED = re.compile(r"rds\.(describe_\w+|delete_\w+)\(|\"(restore_\w+|describe_db_snapshots)\"")


def test_the_state_has_the_key_that_pipelines_read() -> None:
    keys = re.findall(r"-backend-config=key=(\S+)", PAGE)
    assert keys == [Place.read("production", {"PRODUCTION_ACCOUNT": "123456789012"}).state["key"]]


def test_what_is_put_by_hand_is_what_the_first_deployment_puts() -> None:
    assert "../docs/first-deploy.md#4-what-is-put-by-hand" in PAGE
    assert "\n## 4. What is put by hand\n" in FIRST
    part = FIRST.partition("\n## 4. What is put by hand\n")[2].partition("\n## ")[0]
    assert re.findall(r"--secret-id airflow-staging/(\w+)", part) == ["tls"]
    copied = re.findall(r"^aws s3 cp (\S+) s3://\S+/host/", part, re.MULTILINE)
    assert copied == ["deploy.env", "docker-compose-linux-aarch64"]
    for word in ("`PREFIX/tls`", "`NGINX_IMAGE`", "deploy.env", "Compose plugin", "`public_dns_target`"):
        assert word in PAGE.partition("Put by hand")[2].partition("\n## ")[0], word


def test_the_drill_s_files_are_all_that_it_imports() -> None:
    packed = re.findall(r"scripts/(\w+)\.py", next(line for line in PAGE.splitlines() if line.startswith("tar ")))
    assert packed == list(DRILL)
    imported = {
        name
        for script in DRILL
        for found in IMPORTED.findall((ROOT / "scripts" / f"{script}.py").read_text())
        for name in (found[0] or found[1]).split(", ")
    }
    assert imported == set(DRILL) - {"restore_drill"}


def test_the_drill_s_rights_are_the_calls_that_it_makes() -> None:
    texts = [(ROOT / "scripts" / f"{script}.py").read_text() for script in DRILL]
    calls = {name for text in texts for found in CALLED.findall(text) for name in found if name}
    calls |= {name for text in texts for name in re.findall(r"\.(delete_db_instance)\(", text)}
    named = boto3.client("rds", region_name="eu-west-1").meta.method_to_api_mapping
    part = PAGE.partition("## Whether a backup can be restored")[2]
    assert {named[name] for name in calls} | {"AddTagsToResource"} == set(re.findall(r"`rds:(\w+)`", part))


def test_the_role_for_drift_is_described_where_the_variables_say_so() -> None:
    assert "(infra/README.md)" in next(
        line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `DRIFT_ROLE`")
    )
    part = PAGE.partition("## The role that looks for drift")[2].partition("\n## ")[0]
    assert all(word in part for word in ("DRIFT_ROLE", "sub", "aud", "secretsmanager:GetSecretValue", "kms:Decrypt"))
