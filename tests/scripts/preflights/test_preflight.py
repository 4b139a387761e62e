"""The command line of scripts/preflight: all checks together, their order, exit codes, and that it only reads."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from scripts import preflight
from tests.scripts.preflights.canned import BASE, NUMBER, REGION, CannedAccount
from tests.scripts.preflights.test_preflight_place import endpoint_services
from tests.scripts.preflights.test_preflight_state import make

ROOT = Path(__file__).parents[3]
READS = ("Describe", "Get", "Head", "List", "BatchGet")
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def ready(account: CannedAccount, made: Any) -> CannedAccount:
    """An account in which nothing stops an apply."""
    make(made)
    made("iam").create_role(RoleName="AWSServiceRoleForECS", AssumeRolePolicyDocument="{}")
    account.answer("GetServiceQuota", Quota={"Value": 100_000.0})
    account.answer("DescribeVpcEndpointServices", ServiceDetails=endpoint_services(f"{REGION}a", f"{REGION}b"))
    return account


@pytest.fixture
def run(account: CannedAccount, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(preflight, "Account", lambda region, url: account)

    def call(*arguments: str) -> tuple[int, str]:
        code = preflight.main([*(f"--var={single}" for single in BASE), *arguments])
        return code, capsys.readouterr().out

    return call


def test_an_account_that_is_ready(ready: CannedAccount, run: Run) -> None:
    code, out = run()
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"ok       credentials  account {NUMBER} as arn:aws:sts::{NUMBER}:user/moto"
    assert [line.split()[1] for line in lines[:5]] == ["credentials", "region", "zones", "hosts", "endpoints"]
    assert "ok       names        nothing in the account has a name of airflow-production" in lines
    assert lines[-1] == f"airflow-production in {REGION}: {len(lines) - 2} ok, 0 warning, 0 stop"


def test_what_stops_an_apply(ready: CannedAccount, run: Run, made: Any) -> None:
    made("ecs").create_cluster(clusterName="airflow-production")
    code, out = run("--var", "host_count=2")
    assert code == 1
    assert "stop     certificate  host_count is 2, and certificate_arn is not given\n" in out
    assert (
        "stop     names        aws_ecs_cluster airflow-production exists\n"
        "                      -> delete it, import it (terraform import aws_ecs_cluster.… airflow-production), "
        "or choose another name or environment\n"
    ) in out
    assert out.endswith("2 stop\n")


def test_a_warning_stops_nothing(ready: CannedAccount, run: Run) -> None:
    ready.answer("GetServiceQuota", Quota={"Value": 1100.0})
    code, out = run("--var", "worker_cpu=2048")
    assert code == 0
    assert (
        "warning  quota        Fargate on-demand vCPUs: 1100, 2000 more needed: tasks will wait for each other\n" in out
    )
    assert out.endswith("2 warning, 0 stop\n")


def test_json(ready: CannedAccount, run: Run) -> None:
    code, out = run("--json", "--var", "host_count=2")
    found = json.loads(out)
    assert (code, found["prefix"], found["region"], found["account"]) == (1, "airflow-production", REGION, NUMBER)
    assert found["count"]["stop"] == 1
    stopped = [each for each in found["findings"] if each["level"] == "stop"]
    assert stopped == [
        {
            "level": "stop",
            "check": "certificate",
            "what": "host_count is 2, and certificate_arn is not given",
            "todo": f"request or import one for airflow.example.com in {REGION}, "
            "and write its ARN into certificate_arn",
        }
    ]


def test_it_only_reads(ready: CannedAccount, run: Run, made: Any) -> None:
    arn = f"arn:aws:acm:{REGION}:{NUMBER}:certificate/x"
    everything = ("host_count=2", "ui_access=public", f"certificate_arn={arn}", "nat_mode=per_az")
    run(*(f"--var={single}" for single in everything), f"--var=image_digest=sha256:{64 * 'a'}")
    assert len(set(ready.asked)) > 25
    assert [operation for operation in set(ready.asked) if not operation.startswith(READS)] == []


@pytest.mark.parametrize(
    ("refuse", "lines"),
    [
        (lambda account: account.refuse("GetCallerIdentity"), 1),
        (lambda account: account.answer("DescribeRegions", Regions=[]), 2),
    ],
)
def test_what_makes_all_else_meaningless_ends_it(
    ready: CannedAccount, run: Run, refuse: Callable[[CannedAccount], None], lines: int
) -> None:
    refuse(ready)
    code, out = run()
    assert code == 1
    findings = [line for line in out.splitlines() if line.startswith(("ok", "warning", "stop"))]
    assert len(findings) == lines
    assert findings[-1].startswith("stop")


@pytest.mark.parametrize(
    ("operation", "check"),
    [("ListRoles", "names"), ("DescribeVpcs", "addresses"), ("GetBucketVersioning", "state"), ("GetRole", "roles")],
)
def test_what_may_not_be_read_is_a_warning_and_the_rest_goes_on(
    ready: CannedAccount, run: Run, operation: str, check: str
) -> None:
    ready.refuse(operation)
    code, out = run()
    assert code == 0
    assert f"warning  {check:<13}not checked to the end: An error occurred (AccessDeniedException)" in out
    assert f"-> allow {operation}, or look for yourself" in out


def test_an_answer_that_is_not_aws_s_is_a_warning(
    ready: CannedAccount, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(*_: Any, **__: Any) -> None:
        raise ResponseParserError("<html>\n  log in to the proxy")

    monkeypatch.setattr(ready, "all", page)
    code, out = run()
    assert code == 0
    assert "warning  zones        not checked to the end: <html> log in to the proxy\n" in out


def test_the_environments_of_this_repository(ready: CannedAccount, run: Run) -> None:
    for file in sorted((ROOT / "infra" / "env").glob("*.tfvars")):
        _, out = run(str(file), "--var", f"environment={file.stem}")
        assert f"airflow-{file.stem} in {REGION}: " in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no value of environment, region, domain_name: write it into the .tfvars file, or --var NAME=VALUE"),
        (["--region", "x", "--var", "regoin=x"], "infra/ has no variable regoin"),
        (["no.tfvars"], "no.tfvars: No such file or directory"),
        (["--var", "region"], "--var 'region' is not of the form name=value"),
        ([*(f"--var={single}" for single in BASE), "--image", "nginx"], "--image 'nginx' is not of the form ACCOUNT"),
        ([*(f"--var={single}" for single in BASE), "--var", "nat_mode=x"], "nat_mode is 'x': legal are none"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    try:
        code = preflight.main(arguments)
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith(f"error: {message}")


def test_the_command_itself() -> None:
    command = [ROOT / "scripts" / "preflight", "-h"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: scripts/preflight ")
    assert "exit codes: 0 nothing stops an apply, 1 something does, 2 wrong usage" in done.stdout
