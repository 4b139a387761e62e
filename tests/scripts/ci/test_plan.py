"""A plan of Terraform's: the commands, what it counts, and drift. tests/infra/terraform applies the root itself."""

import json
import os
from pathlib import Path

import pytest

from scripts.ci import plan
from scripts.ci.place import Place, tfvars

ROOT = plan.ROOT
SHOWN = {
    "resource_changes": [
        {"address": "aws_ecs_cluster.main", "change": {"actions": ["no-op"]}},
        {"address": "data.aws_region.x", "change": {"actions": ["read"]}},
        {"address": "aws_s3_bucket.new", "change": {"actions": ["create"]}},
        {"address": "aws_instance.replaced", "change": {"actions": ["delete", "create"]}},
        {"address": "aws_iam_role.changed", "change": {"actions": ["update"]}},
    ]
}


def test_commands() -> None:
    init, planned = plan.commands(Place.read("staging"), drift=False)
    assert init == [
        *("init", "-input=false", "-reconfigure", "-backend-config=bucket=airflow-terraform-state-123456789012"),
        *("-backend-config=key=airflow-staging.tfstate", "-backend-config=region=ap-northeast-2"),
    ]
    assert planned == [
        *("plan", "-input=false", "-lock=false", "-refresh=false", f"-var-file={tfvars('staging')}"),
        *("-no-color", f"-out={ROOT}/plan-staging.tfplan"),
    ]


def test_drift_is_compared_with_what_there_is() -> None:
    _, planned = plan.commands(Place.read("staging"), drift=True)
    assert "-refresh=false" not in planned


def test_what_would_change() -> None:
    changes = plan.changed(SHOWN)
    assert changes == {
        "aws_s3_bucket.new": ["create"],
        "aws_instance.replaced": ["delete", "create"],
        "aws_iam_role.changed": ["update"],
    }
    assert plan.summary(changes) == {"create": 2, "update": 1, "delete": 1}
    assert plan.told_of(changes) == "2 to create, 1 to update, 1 to delete"
    assert plan.told_of({}) == "nothing to do"


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A terraform that only says what a test wants it to have found, as a program on PATH."""
    monkeypatch.setattr(plan, "ROOT", tmp_path)
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\necho \"$AWS_ROLE_ARN $*\" >>'{tmp_path}/calls'\n"
        f"case \"$*\" in *'show -json'*) cat '{tmp_path}/shown' ;; esac\nexit $(cat '{tmp_path}/ends')\n"
    )
    program.chmod(0o755)
    (tmp_path / "ends").write_text("0")
    (tmp_path / "shown").write_text(json.dumps(SHOWN))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("AWS_ID_TOKEN", "token")
    return tmp_path


def test_a_plan_is_made_by_the_role_for_plans(terraform: Path) -> None:
    assert plan.main(["staging"]) == 0
    calls = (terraform / "calls").read_text().splitlines()
    assert {call.split()[0] for call in calls} == {"arn:aws:iam::123456789012:role/airflow-staging-ci-plan"}
    assert [call.split()[2] for call in calls] == ["init", "plan", "show", "show"]
    assert json.loads((terraform / "plan-staging.json").read_text()) == {"create": 2, "update": 1, "delete": 1}


def test_drift_fails_the_job_and_is_named(
    terraform: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRIFT_ROLE", "arn:aws:iam::123456789012:role/drift")
    assert plan.main(["staging", "--drift"]) == 1
    assert "    update  aws_iam_role.changed\n" in capsys.readouterr().out
    (terraform / "shown").write_text("{}")
    assert plan.main(["staging", "--drift"]) == 0
    assert "==> staging: nothing to do\n" in capsys.readouterr().out


def test_drift_needs_a_role_of_its_own(terraform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan.main(["staging", "--drift"]) == 2
    assert "DRIFT_ROLE is not set" in capsys.readouterr().err


def test_a_plan_that_cannot_be_made(terraform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (terraform / "ends").write_text("1")
    assert plan.main(["production"]) == 3
    assert "terraform init ended with 1: see above" in capsys.readouterr().err


def test_without_terraform(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/no/such/folder")
    assert plan.main(["staging"]) == 3
    assert "terraform is not installed here" in capsys.readouterr().err
