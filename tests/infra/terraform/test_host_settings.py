"""settings.env as Terraform writes it is what a deploy takes, with nothing beside it but nginx's image.

Nothing is asked of AWS: `terraform test` makes the file with a provider that is a mock.
"""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from infra.local.layout import ROOT
from tests.infra.terraform.account import REGION
from tests.infra.terraform.terraform import Failed, Terraform

MOCKS: dict[str, dict[str, Any]] = {
    "aws_availability_zones": {"names": [f"{REGION}{letter}" for letter in "abc"]},
    "aws_caller_identity": {"account_id": "123456789012"},
    "aws_partition": {"partition": "aws"},
    "aws_iam_policy_document": {"json": "{}"},
}
REPOSITORY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/airflow-test/airflow"
# the provider looks at ARNs also where it is a mock
OVERRIDDEN: dict[str, dict[str, Any]] = {
    **{f"aws_iam_role.{name}": {"arn": f"arn:aws:iam::123456789012:role/{name}"} for name in ("execution", "task")},
    "aws_kms_key.main": {"arn": f"arn:aws:kms:{REGION}:123456789012:key/1a2b"},
    "aws_ecr_repository.airflow": {"repository_url": REPOSITORY},
    "aws_db_instance.main": {"master_user_secret": [{"secret_arn": "arn:aws:secretsmanager:::secret:rds"}]},
}
VARIABLES = {"environment": "test", "region": REGION, "domain_name": "airflow.example.com", "gitlab_project": "g/p"}
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/1"
TWO_HOSTS = {"host_count": 2, "certificate_arn": CERTIFICATE}
PUBLIC = {"ui_access": "public", "ui_networks": ["203.0.113.0/24"], "certificate_arn": CERTIFICATE}
VARIANTS: dict[str, dict[str, Any]] = {
    "by_itself": {},
    "two_hosts": TWO_HOSTS,
    "two_hosts_and_people": {**TWO_HOSTS, **PUBLIC},
    "one_host_and_people": PUBLIC,
    "given": {
        "vpc_cidr": "192.168.0.0/20",
        "private_subnet_cidrs": ["192.168.0.0/21", "192.168.8.0/22"],
        "public_subnet_cidrs": ["192.168.12.0/27", "192.168.12.32/27"],
    },
}
SUBNETS = ("private", "public")
DOCKER = IPv4Address("172.17.0.2")  # of a container on the host
NGINX_IMAGE = f"NGINX_IMAGE=registry.example/nginx@sha256:{'0' * 64}\n"
READ = '. "$1/scripts/deploy.sh"; state; read_settings; nginx_render blue'


@dataclass(frozen=True)
class Made:
    """What a variant of the root makes."""

    settings: str
    private: list[IPv4Network]
    public: list[IPv4Network]

    def networks(self, name: str) -> list[IPv4Network]:
        values = dict(line.split("=", 1) for line in self.settings.splitlines())
        return [IPv4Network(each) for each in values[name].split(",") if each]


@pytest.fixture(scope="module")
def made(new_root: Callable[[], Terraform]) -> dict[str, Made]:
    """What each variant makes, by its name."""
    terraform = new_root()
    (terraform.folder / "tests" / "host_settings.tftest.hcl").write_text(written())
    code, printed = terraform.attempt("test", "-json", "-verbose", "-filter=tests/host_settings.tftest.hcl")
    said = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    states = {line["@testrun"]: line["test_state"]["root_module"] for line in said if "test_state" in line}
    if code or set(states) != set(VARIANTS):
        raise Failed("\n".join(line["@message"] for line in said))
    return {name: of_state(module) for name, module in states.items()}


def written() -> str:
    """Return the file for `terraform test`: a run for each variant."""
    mocks = "".join(f'  mock_data "{kind}" {{\n    defaults = {json.dumps(v)}\n  }}\n' for kind, v in MOCKS.items())
    overrides = [
        f"override_resource {{\n  target = {address}\n  values = {json.dumps(values)}\n}}\n"
        for address, values in OVERRIDDEN.items()
    ]
    targets = "aws_s3_object.host_settings, aws_subnet.private, aws_subnet.public"
    runs = [
        f'run "{name}" {{\n  command = apply\n  plan_options {{ target = [{targets}] }}\n  variables {{\n'
        + "".join(f"    {key} = {json.dumps(value)}\n" for key, value in {**VARIABLES, **variant}.items())
        + "  }\n}\n"
        for name, variant in VARIANTS.items()
    ]
    return "".join([f'mock_provider "aws" {{\n{mocks}}}\n', *overrides, *runs])


def of_state(module: dict[str, Any]) -> Made:
    found: dict[str, list[Any]] = {}
    for resource in module["resources"]:
        found.setdefault(f"{resource['type']}.{resource['name']}", []).append(resource["values"])
    private, public = ([IPv4Network(one["cidr_block"]) for one in found[f"aws_subnet.{k}"]] for k in SUBNETS)
    return Made(found["aws_s3_object.host_settings"][0]["content"], private, public)


def read(folder: Path, settings: str, own: str) -> subprocess.CompletedProcess[str]:
    """Read both files as a deploy does, and render nginx's configuration of them."""
    host = folder / "host"
    (host / "scripts").mkdir(parents=True)
    (host / "scripts" / "deploy").symlink_to(ROOT / "scripts" / "deploy")
    (host / "settings.env").write_text(settings)
    (host / "deploy.env").write_text(own)
    environment = {
        "PATH": os.environ["PATH"],
        "AIRFLOW_HOST_DIR": str(host),
        "NGINX_TEMPLATES": str(ROOT / "docker" / "nginx"),
    }
    command = ["bash", "-c", READ, "bash", str(ROOT)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def inside(subnet: IPv4Network, networks: list[IPv4Network]) -> bool:
    return any(subnet.subnet_of(network) for network in networks)


@pytest.mark.parametrize("variant", VARIANTS)
def test_workers_and_tasks_on_a_host_may_use_the_execution_api(made: dict[str, Made], variant: str) -> None:
    one = made[variant]
    networks = one.networks("EXECUTION_NETWORKS")
    assert len(one.private) == 2
    assert [subnet for subnet in one.private if not inside(subnet, networks)] == []
    assert inside(IPv4Network(DOCKER), networks)
    assert not inside(IPv4Network("203.0.113.7"), networks)


@pytest.mark.parametrize("variant", VARIANTS)
def test_load_balancers_and_nobody_else_speak_for_others(made: dict[str, Made], variant: str) -> None:
    one, wanted = made[variant], VARIANTS[variant]
    internal = one.private if wanted.get("host_count", 1) > 1 else []
    public = one.public if wanted.get("ui_access") == "public" else []
    assert sorted(one.networks("TRUSTED_PROXIES")) == sorted(internal + public)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_deploy_takes_them_with_nginx_s_image_alone(made: dict[str, Made], variant: str, tmp_path: Path) -> None:
    one = made[variant]
    result = read(tmp_path, one.settings, NGINX_IMAGE)
    assert result.returncode == 0, result.stderr
    [conf] = (tmp_path / "host" / "state" / "nginx").glob("serving.*/nginx.conf")
    lines = {line.strip() for line in conf.read_text().splitlines()}
    assert {f"{network} 1;" for network in one.networks("EXECUTION_NETWORKS")} <= lines
    trusted = {line for line in lines if line.startswith("set_real_ip_from ")}
    assert trusted == {f"set_real_ip_from {network};" for network in one.networks("TRUSTED_PROXIES")}


def test_a_deploy_would_not_take_less(made: dict[str, Made], tmp_path: Path) -> None:
    lines = made["by_itself"].settings.splitlines(keepends=True)
    result = read(tmp_path, "".join(line for line in lines if "EXECUTION_NETWORKS" not in line), NGINX_IMAGE)
    assert result.returncode == 2
    assert "EXECUTION_NETWORKS is not set" in result.stderr


def test_docker_s_networks_are_those_that_a_host_tells_docker() -> None:
    said = json.loads(
        (ROOT / "infra" / "host" / "setup.sh").read_text().split("<<'JSON'\n", 1)[1].split("\nJSON", 1)[0]
    )
    [pool] = said["default-address-pools"]
    locals_ = (ROOT / "infra" / "locals.tf").read_text()
    assert f'docker_networks    = "{pool["base"]}"' in locals_
