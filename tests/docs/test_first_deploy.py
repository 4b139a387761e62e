"""The page of the first deployment says what there is: scripts, options, variables, names and the cost."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from scripts.ci import variables
from scripts.ci.place import Place
from scripts.preflights.tfvars import defaults

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "first-deploy.md").read_text()
COMMANDS = [line for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
SCRIPTS = [found for line in COMMANDS if (found := re.search(r"(scripts/[\w/]+)(.*)", line))]
ACCOUNTS = {"STAGING_ACCOUNT": "123456789012"}


@cache
def help_of(script: str) -> str:
    return subprocess.run([ROOT / script, "-h"], capture_output=True, text=True, check=True).stdout


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 25
    assert {found[1] for found in SCRIPTS} >= {
        "scripts/cost",
        "scripts/preflight",
        "scripts/ci/deploy",
        "scripts/ci/verify",
    }


@pytest.mark.parametrize("found", SCRIPTS, ids=lambda found: str(found[0])[:50])
def test_scripts_take_what_they_are_given(found: re.Match[str]) -> None:
    text = help_of(found[1])
    assert [option for option in re.findall(r"--[a-z-]+", found[2]) if option not in text] == []


def test_options_of_the_smoke_test_are_its_own() -> None:
    options = re.findall(r'SMOKE_OPTIONS="(--[a-z]+)', PAGE)
    assert options
    assert all(option in help_of("scripts/smoke") for option in options)


def test_names_are_those_that_follow_from_the_environment() -> None:
    place = Place.read("staging", ACCOUNTS)
    for name in (place.repository, place.deploy_bucket, place.host_name, place.url, place.prefix + "/tls"):
        assert name in PAGE, name
    for name, value in place.state.items():
        assert f"-backend-config={name}={value}" in PAGE


def test_variables_are_known() -> None:
    exported = set(re.findall(r"\b([A-Z_]+)=", " ".join(line for line in COMMANDS if line.startswith("export "))))
    assert exported
    assert exported <= {variable.name for variable in variables.ALL}
    needed = {variable.name for variable in variables.SETS["deploy"] if variable.needed}
    assert needed - exported == {"DEPLOY_HOSTS"}  # found by their tag
    assert f"==> {len(variables.SETS['deploy'])} variables are right" in PAGE


def test_variables_of_terraform_are_there() -> None:
    named = {"deploy_public_key", "region", "domain_name", "gitlab_project", "architecture", "deletion_protection"}
    assert all(f"`{name}" in PAGE for name in named)
    assert named <= set(defaults())


def test_the_cost_is_that_of_scripts_cost() -> None:
    command = [ROOT / "scripts" / "cost", "infra/env/staging.tfvars", "--json"]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert f"**${told['networks']['closed']['usd']:,.2f}**" in PAGE


def test_the_key_is_one_that_terraform_takes(tmp_path: Path) -> None:
    [line] = [line for line in COMMANDS if line.startswith("ssh-keygen")]
    subprocess.run(line, cwd=tmp_path, shell=True, check=True, stdin=subprocess.DEVNULL)
    pattern = re.search(
        r'deploy_public_key == null \|\| can\(regex\("(.*?)",', (ROOT / "infra/variables_ci.tf").read_text()
    )
    assert pattern
    assert re.search(pattern[1], (tmp_path / "deploy-key.pub").read_text().strip())
    assert variables.private_key(str(tmp_path / "deploy-key"))
