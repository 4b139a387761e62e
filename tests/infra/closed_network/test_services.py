"""Each source of calls is looked at, and a call that is added is told with its place and with what to add."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from infra.local.layout import ROOT
from tests.infra.closed_network import code, definition, planning, policies, provider, roles, scripts, services
from tests.infra.closed_network.model import Model, read
from tests.infra.closed_network.paths import UNGRANTED, problems
from tests.infra.closed_network.roles import EXCUSES, HOSTS, TAKERS, WORKERS
from tests.infra.closed_network.services import Call
from tests.infra.closed_network.use import LAYERS, PACKAGES, Use, by_permission

COPIED = ("dags", "docker", "infra", "plugins", "scripts")
NOT_COPIED = shutil.ignore_patterns("local", ".terraform", "__pycache__", "*.tfstate*")
DAG = '''"""Asks Athena."""

import boto3


def ask() -> None:
    boto3.client("athena").start_query_execution(QueryString="SELECT 1")
'''


def names(uses: Iterable[Use]) -> set[str]:
    return {use.service for use in uses}


def test_every_source_is_looked_at(model: Model) -> None:
    """Each has what is known to be in it, so that none is passed over in silence."""
    assert names(roles.uses(model, HOSTS)) >= {"ecs", "ec2messages", "monitoring", "rds", "secretsmanager", "ssm"}
    assert names(roles.uses(model, WORKERS)) >= {"ecr.api", "logs", "s3"}
    assert names(code.of_hosts(ROOT)) >= {"ecs", "logs", "s3", "sts"}
    assert names(code.of_workers(ROOT)) >= {"ecs", "s3"}
    assert names(scripts.uses(ROOT)) >= {"ecr.api", "ecr.dkr", "monitoring", "rds", "s3", "secretsmanager"}
    assert names(definition.uses(model)) >= {"ecr.api", "ecr.dkr", "logs", "s3"}
    settings = [path for pattern in services.SETTINGS[HOSTS] for path in ROOT.glob(pattern)]
    assert names(use for path in settings for use in provider.uses_of_text(path, "")) >= {"secretsmanager"}


def test_both_callers_read_from_the_buckets_of_aws(called: list[Call]) -> None:
    buckets = {(call.caller, call.bucket.split("-")[0]) for call in called if call.bucket}
    layers, packages = LAYERS.split("-")[0], PACKAGES.split("-")[0]
    assert buckets == {(HOSTS, layers), (HOSTS, packages), (WORKERS, layers)}


def test_every_script_of_a_host_is_read() -> None:
    found = {path.relative_to(ROOT) for path in scripts.scripts(ROOT)}
    assert {path.relative_to(ROOT) for path in (ROOT / "infra/host").iterdir() if path.is_file()} < found
    assert Path("infra/user_data.sh.tftpl") in found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=NOT_COPIED, symlinks=True)
    return tmp_path


@pytest.mark.parametrize("folder", ["dags", "plugins/pipelines"])
def test_a_new_call_is_told_with_its_place(model: Model, checkout: Path, folder: str) -> None:
    (checkout / folder / "athena_example.py").write_text(DAG)
    told = problems(model, services.calls(model, checkout))
    callers = (HOSTS, WORKERS) if folder == "dags" else (HOSTS,)  # no task imports the plugin
    assert told == [
        f'{folder}/athena_example.py:7: {caller} call athena, but there is no endpoint for it: add "athena" to '
        "interface_endpoints (its default, infra/variables_network.tf) and to needed_endpoints (infra/endpoints.tf)"
        for caller in callers
    ]


def test_a_plugin_that_a_dag_imports_is_called_by_workers(model: Model, checkout: Path) -> None:
    (checkout / "plugins/pipelines/athena_example.py").write_text(DAG)
    (checkout / "dags/athena_example.py").write_text("from pipelines import athena_example\n")
    told = problems(model, services.calls(model, checkout))
    assert [text.split(",")[0].split(": ")[1] for text in told] == ["hosts call athena", "workers call athena"]


def test_a_download_is_told(model: Model, checkout: Path) -> None:
    (checkout / "infra/host/setup.sh").write_text("curl -fsSL https://example.com/compose -o compose\n")
    [told] = problems(model, services.calls(model, checkout))
    assert told.startswith("infra/host/setup.sh:1: hosts call the internet, but a closed network does not lead there")


@pytest.mark.parametrize("service", EXCUSES)
def test_each_excuse_is_needed(model: Model, service: str) -> None:
    """It excuses a permission, which would otherwise be a call that reaches nothing."""
    grants = [grant for caller in (HOSTS, WORKERS) for grant in roles.grants(model, caller)]
    excused = [grant for grant in grants if grant.service == service and roles.is_excused(grant)]
    assert excused
    call = Call(HOSTS, by_permission(service, "").service, "", excused[0].role)
    assert problems(model, [call]), f"{service} is reachable: the excuse is not needed"
    assert EXCUSES[service].reason


def test_a_call_of_kms_itself_has_no_excuse() -> None:
    assert not roles.is_excused(policies.Grant("aws_iam_role.host", "kms:Encrypt", "*"))
    assert not roles.is_excused(policies.Grant("aws_iam_role.host", "iam:GetRole", "*"))


def test_each_place_of_a_role_is_needed(model: Model) -> None:
    found = {taker for role in model.of("aws_iam_role") for taker in roles.takers(role)}
    assert found == set(TAKERS)


@pytest.mark.parametrize("service", UNGRANTED)
def test_what_no_role_names_is_called_all_the_same(model: Model, called: list[Call], service: str) -> None:
    granted = {grant.service for caller in (HOSTS, WORKERS) for grant in roles.grants(model, caller)}
    assert service not in granted
    assert service in {call.service for call in called}


def test_each_resource_that_aws_knows_better_is_needed(
    all_plans: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read(all_plans[planning.ALL])
    found = services.calls(model, ROOT)
    assert problems(model, found) == []
    for action in list(policies.RESOURCES):
        with monkeypatch.context() as patch:
            patch.delitem(policies.RESOURCES, action)
            assert any(action in told for told in problems(model, found))
