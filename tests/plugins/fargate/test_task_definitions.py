"""Task definitions are filled like templates, and the worker's holds no secret of the control plane."""

import json
import re
from pathlib import Path

import pytest

from fargate import task_definitions
from infra.local.environment import shared

TEMPLATE = Path(__file__).resolve().parents[3] / "infra" / "worker-task-definition.json"
NAMES = re.compile(r"\$\{(\w+)\}")
SECRET = re.compile(r"AIRFLOW__DATABASE__|AIRFLOW__SECRETS__|JWT_SECRET|FERNET|SECRET_KEY|SQL_ALCHEMY|PASSWORD")


def values() -> dict[str, str]:
    """Return a value for every name of the worker's template."""
    return {name: f"value of {name}" for name in NAMES.findall(TEMPLATE.read_text())}


def environment() -> dict[str, str]:
    """Return the environment of the worker's container as the template has it."""
    [container] = json.loads(TEMPLATE.read_text())["containerDefinitions"]
    return {entry["name"]: entry["value"] for entry in container["environment"]}


def test_names_are_filled_in() -> None:
    template = '{"family": "${name}", "image": "${registry}/${name}@sha256:1"}'
    expected = {"family": "airflow", "image": "ecr/airflow@sha256:1"}
    assert task_definitions.render(template, {"name": "airflow", "registry": "ecr", "unused": "x"}) == expected


@pytest.mark.parametrize("value", ['a "quoted" word', "C:\\temp\\new", "two\nlines", "", "{}", "${name}", "서울"])
def test_a_value_stays_what_it_is(value: str) -> None:
    assert task_definitions.render('{"value": "${name}"}', {"name": value}) == {"value": value}


def test_a_missing_value_is_an_error_that_names_it() -> None:
    with pytest.raises(task_definitions.IncompleteTemplate) as failed:
        task_definitions.render('{"family": "${family}"}', {"image": "x"})
    assert str(failed.value) == "the task definition needs a value for family"


@pytest.mark.parametrize("name", sorted(values()))
def test_the_workers_template_needs_each_of_its_values(name: str) -> None:
    given = {other: value for other, value in values().items() if other != name}
    with pytest.raises(task_definitions.IncompleteTemplate, match=f"^the task definition needs a value for {name}$"):
        task_definitions.render(TEMPLATE.read_text(), given)


def test_the_workers_template_renders() -> None:
    definition = task_definitions.render(TEMPLATE.read_text(), values())
    assert definition["family"] == "value of family"
    assert definition["requiresCompatibilities"] == ["FARGATE"]
    [container] = definition["containerDefinitions"]
    assert container["name"] == "value of AIRFLOW__AWS_ECS_EXECUTOR__CONTAINER_NAME"
    assert container["image"] == "value of image"
    assert {"name": "LAKE_BUCKET", "value": "value of lake_bucket"} in container["environment"]
    assert "${" not in json.dumps(definition)


def test_a_worker_gets_no_secret_of_the_control_plane() -> None:
    assert len(environment()) > 10
    assert [name for name in environment() if SECRET.search(name)] == []
    assert [name for name in values() if SECRET.search(name)] == []
    [container] = json.loads(TEMPLATE.read_text())["containerDefinitions"]
    assert "secrets" not in container


@pytest.mark.parametrize(
    "name",
    [
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__SECRETS__BACKEND",
    ],
)
def test_the_test_knows_a_secret_when_it_sees_one(name: str) -> None:
    assert SECRET.search(name)


def test_what_a_worker_takes_over_is_a_shared_setting() -> None:
    taken = {name: value for name, value in environment().items() if value == f"${{{name}}}"}
    assert len(taken) > 5
    assert set(taken) - set(shared()) == set()


def test_every_airflow_setting_in_the_template_is_a_shared_one() -> None:
    named = {name for name in values() if name.startswith("AIRFLOW__")}
    assert "AIRFLOW__CORE__EXECUTOR" in named
    assert named - set(shared()) == set()


def test_a_setting_is_not_given_the_value_of_another() -> None:
    crossed = {name: value for name, value in environment().items() if value.startswith("${AIRFLOW__")}
    assert "AIRFLOW__CORE__EXECUTOR" in crossed
    assert {name for name, value in crossed.items() if value != f"${{{name}}}"} == set()
