"""The command line of scripts/cost."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts import cost
from scripts.costs import deployment, table
from scripts.costs.break_even import BreakEven
from scripts.preflights.tfvars import defaults

ROOT = Path(__file__).parents[2]
CASE = ["--every", "60", "--image-mb", "500", "--region", "us-east-1"]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cost.main(arguments) == 0
    return capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(capsys, *arguments, "--json"))
    return found


def test_the_table_has_all_networks_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, *CASE)
    rows = {line[:24].strip(): line[24:].split() for line in out.splitlines() if re.match(r"  \S", line)}
    assert rows["Fargate"] == ["13.22"] * 5
    assert rows["NAT hours"] == ["–", "36.50", "73.00", "36.50", "36.50"]
    assert rows["NAT bytes"][3] == "986.15"
    assert rows["endpoint hours"] == ["160.60", "–", "–", "–", "29.20"]
    assert rows["S3 gateway endpoint"] == ["free", "free", "free", "–", "free"]
    assert rows["of it the network"] == ["160.69", "37.02", "73.42", "1,241.79", "66.10"]
    assert rows["TB through NAT"][3] == "21.914"


def test_what_follows_from_it(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, *CASE)
    assert 'cheapest: 1 NAT + S3 gateway, $157.04 (nat_mode = "single", interface_endpoints = [])' in out
    assert '* endpoints, no NAT (nat_mode = "none") costs $123.68 more; nothing in it can reach the internet' in out
    assert "21.91 TB a month (5.04 TB a week) go through NAT: $986.15" in out
    assert "cost less than 1 NAT, no S3 gateway from 4,494 starts a month, when 2.26 TB" in out


def test_the_footnotes_name_what_was_used_and_is_not_confirmed(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "--region", "ap-northeast-2")
    assert "database_db.t4g.medium_hour" not in out
    assert "spot_" not in out
    assert "spot_arm64_vcpu_hour, $0.018625 per vCPU-hour, is not confirmed (assumption" in told(
        capsys, "--region", "ap-northeast-2", "--spot", "0.5"
    )
    assert "database_db.t4g.medium_hour, $0.065 per instance-hour, is not confirmed (third-party)" in told(capsys)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nat-mode", "single"], None),
        (
            ["--nat-mode", "per_az"],
            '* NAT per zone + S3 gateway (nat_mode = "per_az", interface_endpoints = []) costs $36.41',
        ),
        (["--starts", "0", "--endpoints", "1", "--zones", "1"], "without NAT always cost less than 1 NAT + S3 gateway"),
    ],
)
def test_other_choices(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str | None) -> None:
    out = told(capsys, *arguments)
    if said:
        assert said in out
    else:
        assert "costs $" not in out
        assert "* counts no interface endpoints: infra/ makes them with NAT too, unless" in out


def test_json_has_every_line_with_its_quantity_and_price(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, *CASE)
    assert (found["region"], found["cheapest"], found["billed_seconds"]) == ("us-east-1", "single", 110)
    trap = found["networks"]["trap"]
    assert {"item": "NAT bytes", "usd": 986.1471, "quantity": 21914.38, "unit": "GB", "price": "nat_gb",
            "confirmed": True} in trap["lines"]  # fmt: skip
    assert sum(line["usd"] for line in trap["lines"]) == pytest.approx(trap["usd"], abs=0.01)
    assert found["break_even"]["closed than trap"]["starts"] == pytest.approx(4494, rel=0.001)


@pytest.mark.parametrize(
    ("starts", "said"), [(None, "never cost"), (1e13, "never cost"), (0, "always cost"), (5, "5 starts")]
)
def test_how_a_break_even_is_said(starts: float | None, said: str) -> None:
    assert said in table._sentence(BreakEven("closed", "trap", starts), "another")


def test_the_same_starts_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--every", "60") == told(capsys, "--starts", "43800") == told(capsys)


def test_the_deployment_is_that_of_the_variables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "x.tfvars"
    file.write_text(
        'region = "ap-northeast-2"\nhost_count = 2\nworker_cpu = 1024\nworker_memory = 2048\nzone_count = 3\n'
    )
    out = told(capsys, str(file))
    assert "in ap-northeast-2: 43,800 starts" in out
    assert "with 1 vCPU and 2 GB, ARM64; image of 500 MB, 3 zones" in out
    assert "load balancer" in out
    assert "in us-east-1: " in told(capsys, str(file), "--region", "us-east-1")


def test_the_environments_of_this_repository_can_be_counted(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted((ROOT / "infra" / "env").glob("*.tfvars"))
    assert files
    for file in files:
        assert "cheapest: " in told(capsys, str(file))


def test_every_variable_that_is_read_is_one_of_infra() -> None:
    assert set(deployment.VARIABLES.values()) <= set(defaults())
    assert deployment.options()["endpoints"] == 11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--region", "eu-west-1"],
            "no prices of the region 'eu-west-1': known are ap-northeast-2, us-east-1; to add it",
        ),
        (["--cpu", "3"], "cpu=3.0 vCPU: legal are 0.25, 0.5, 1, 2, 4, 8, 16"),
        (["--memory", "16"], "memory=16.0 GiB with cpu=0.25 vCPU: legal are 0.5, 1, 2"),
        (["--host-type", "c5.large"], "no price of the host 'c5.large' in us-east-1: known are t4g.small"),
        (["--database-class", "db.x"], "no price of the database 'db.x' in us-east-1: known are db.t4g.micro"),
        (["--starts", "-1"], "argument --starts: '-1' is not a number of at least 0"),
        (["--starts", "many"], "argument --starts: 'many' is not a number of at least 0"),
        (["--starts", "nan"], "argument --starts: 'nan' is not a number"),
        (["--starts", "inf"], "argument --starts: 'inf' is not a number"),
        (["--every", "0"], "argument --every: '0' is not a number of at least 0.001"),
        (["--every", "5", "--starts", "5"], "argument --starts: not allowed with argument --every"),
        (["--spot", "1.5"], "argument --spot: '1.5' is not a number from 0 to 1"),
        (["--zones", "1.5"], "argument --zones: '1.5' is not a whole number from 1 to 6"),
        (["--nat-mode", "two"], "argument --nat-mode: invalid choice: 'two'"),
        (["no.tfvars"], "no.tfvars: No such file or directory"),
        (["--plot", "/no/such/folder/x.svg"], "[Errno 2] No such file or directory"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    try:
        code = cost.main(arguments)
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith(f"error: {message}")


def test_the_command_itself() -> None:
    done = subprocess.run([ROOT / "scripts" / "cost", "-h"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: scripts/cost ")
    assert "exit codes: 0 told, 2 wrong usage" in done.stdout
