"""Terraform's variables, read without Terraform."""

import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from scripts.preflights.plan import OTHER_ADDRESSES, TASK_SHARE, Plan
from scripts.preflights.tfvars import FOLDER, BadVariables, Reader, defaults, read
from tests.scripts.preflights.canned import BASE, plan


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        (r'"a \"b\" \\n \n \u00e9"', 'a "b" \\n \n é'),
        ('"$${x} %%{y} $5"', "${x} %{y} $5"),
        ("12", 12),
        ("-1.5e3", -1500.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("[]", []),
        ('["a", "b",]', ["a", "b"]),
        ('[\n  "a", # first\n  "b",\n]', ["a", "b"]),
        ("{}", {}),
        ('{ a = 1, "b c" : [2] }', {"a": 1, "b c": [2]}),
        ('{\n  a = { b = "c" }\n  d = null\n}', {"a": {"b": "c"}, "d": None}),
        ("<<EOT\na\n  b\nEOT\n", "a\n  b\n"),
        ("<<-EOT\n    a\n      b\n    EOT\n", "a\n  b\n"),
    ],
)
def test_a_value(text: str, value: Any) -> None:
    assert Reader(text, "x").value() == value
    assert Reader(f"name = {text}\nnext = 1\n", "x").assignments() == {"name": value, "next": 1}


def test_a_file_with_comments() -> None:
    text = '# one\n// two\n/* three\n a = 1 */\nregion = "x" # four\n\nzone_count=2//five'
    assert Reader(text, "x").assignments() == {"region": "x", "zone_count": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = var.c\n", "x.tfvars, line 2: a value is expected; functions and references are not read: 'var.c'"),
        ('a = "${var.b}"', "x.tfvars, line 1: a template in a string is not read"),
        ("a 1", "x.tfvars, line 1: = is expected after a: '1'"),
        ("a = [1", "x.tfvars, line 1: ] is missing"),
        ('a = "b', "x.tfvars, line 1: this is not read"),
        ("a = <<EOT\nb\n", "x.tfvars, line 1: this is not read"),
        ("a = 1\na = 2", "x.tfvars, line 2: a stands there twice"),
        ("= 1", "x.tfvars, line 1: this is not read"),
    ],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(BadVariables) as error:
        Reader(text, "x.tfvars").assignments()
    assert str(error.value).startswith(message)


def test_all_variables_of_infra_are_found() -> None:
    blocks = [name for file in FOLDER.glob("*.tf") for name in re.findall(r'^variable "(\w+)"', file.read_text(), re.M)]
    assert sorted(blocks) == sorted(defaults())
    assert len(blocks) > 30
    assert defaults()["nat_mode"] == "none"
    assert defaults()["region"] is ...


def test_the_file_and_single_values_win(tmp_path: Path) -> None:
    file = tmp_path / "x.tfvars"
    file.write_text('region = "eu-west-1"\nhost_count = 2\n')
    values = read(file, ["host_count=3", "domain_name=a.example.com", 'ui_networks=["10.0.0.0/8"]', "environment=1"])
    assert values["environment"] == "1"
    assert (values["region"], values["host_count"], values["name"]) == ("eu-west-1", 3, "airflow")
    assert (values["domain_name"], values["ui_networks"]) == ("a.example.com", ["10.0.0.0/8"])


@pytest.mark.parametrize(
    ("single", "message"),
    [
        ("regoin=x", "infra/ has no variable regoin"),
        ("region", "--var 'region' is not of the form name=value"),
    ],
)
def test_names_that_there_are_not(single: str, message: str) -> None:
    with pytest.raises(BadVariables, match=re.escape(message)):
        read(None, [single])


def test_no_variables_at_all_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadVariables, match="no variables in"):
        read(None, [], tmp_path)


@pytest.mark.parametrize(
    ("single", "message"),
    [
        ("host_count=two", "--var, line 1: a value is expected; functions and references are not read: 'two'"),
        ("host_count=1 2", "--var, line 1: this is not read: '2'"),
        ('host_count="2"', "host_count is '2', which is no int"),
        ("host_count=true", "host_count is True, which is no int"),
        ("interface_endpoints=[1]", "interface_endpoints is [1], which is no list"),
        ("private_subnet_cidrs=[]", "zone_count is 2, and there are 0 private subnets"),
        ('private_subnet_cidrs="x"', "private_subnet_cidrs is 'x', which is no list[str] | None"),
        ("nat_mode=two", "nat_mode is 'two': legal are none, single, per_az"),
        ("vpc_cidr=10.0.0.1/8", "vpc_cidr or private_subnet_cidrs: 10.0.0.1/8 has host bits set"),
        ('private_subnet_cidrs=["10.40.0.0/20"]', "zone_count is 2, and there are 1 private subnets"),
    ],
)
def test_values_that_make_no_plan(single: str, message: str) -> None:
    with pytest.raises(BadVariables) as error:
        plan(single)
    assert str(error.value).startswith(message)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(BadVariables, match=r"no value of environment, region, domain_name: write it into"):
        Plan.of(read(None))


def test_a_plan_reads_only_variables_that_there_are() -> None:
    assert set(get_type_hints(Plan)) <= set(defaults())


def test_the_names_are_those_of_terraform() -> None:
    text = (FOLDER / "locals.tf").read_text()
    assert '"${var.name}-${var.environment}"' in text
    assert '["logs", "lake", "payloads", "deploy"] : key => "${local.prefix}-${key}-${local.account_id}"' in text
    assert 'state_bucket = "${var.name}-terraform-state-${local.account_id}"' in text
    assert "key=${var.name}-ENVIRONMENT.tfstate" in (FOLDER / "bootstrap" / "outputs.tf").read_text()
    assert plan().buckets("1") == [f"airflow-production-{key}-1" for key in ("logs", "lake", "payloads", "deploy")]
    assert (plan().state_bucket("1"), plan().state_key) == ("airflow-terraform-state-1", "airflow-production.tfstate")


def test_the_addresses_are_counted_as_terraform_counts_them() -> None:
    text = (FOLDER / "network.tf").read_text()
    assert "cidrsubnet(var.vpc_cidr, 2, i)" in text
    assert f"other_addresses = {5 + OTHER_ADDRESSES} + length(var.interface_endpoints)" in text
    assert f"floor(var.zone_count * (local.smallest_subnet - local.other_addresses) * {TASK_SHARE})" in text
    assert [str(subnet) for subnet in plan("zone_count=3").subnets] == [
        "10.40.0.0/18",
        "10.40.64.0/18",
        "10.40.128.0/18",
    ]
    assert plan().task_capacity == int(2 * (2**14 - 25 - 11) * 0.8)
    uneven = plan('private_subnet_cidrs=["10.40.0.0/24", "10.40.4.0/22"]')
    assert uneven.task_capacity == int(2 * (256 - 36) * 0.8)


def test_the_environments_of_this_repository_can_be_read() -> None:
    files = sorted((FOLDER / "env").glob("*.tfvars"))
    assert files
    for file in files:
        assert Plan.of(read(file)).environment == file.stem
    assert len(BASE) == 4
