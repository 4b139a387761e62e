"""What is stated in two places says the same: exceptions have reasons, and validations have tests."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.infra.terraform import files
from tests.infra.terraform.terraform import INFRA

EXPECTED = re.compile(r"expect_failures\s*=\s*\[(.*?)\]", re.DOTALL)
SAID = re.compile(r'^  description += "[^"]{10,}"', re.MULTILINE)
BOOTSTRAP = "bootstrap.tftest.hcl"


def test_every_change_that_is_ignored_is_explained() -> None:
    ignored = files.ignored_changes()
    assert ignored
    explained = files.explained_changes()
    assert set(explained) == ignored
    assert [row for row, reason in explained.items() if len(reason.split()) < 5] == []


def test_every_check_that_is_skipped_has_a_reason() -> None:
    skips = files.checkov_skips()
    assert skips
    assert [skip for skip in skips if not skip[2].startswith(":") or len(skip[2].split()) < 4] == []


def test_every_variable_and_output_says_what_it_is() -> None:
    variables = files.blocks("variable")
    assert len(variables) > 30
    assert [name for name, text in variables.items() if "description" not in text or "type " not in text] == []
    outputs = files.blocks("output")
    assert len(outputs) > 15
    assert [name for name, text in outputs.items() if not SAID.search(text)] == []


@pytest.mark.parametrize(("variables", "least"), [("variables*.tf", 30), ("bootstrap/variables.tf", 3)])
def test_every_validation_is_tested(variables: str, least: int) -> None:
    """A variable with three validations is refused in three runs, or more."""
    paths = [INFRA / "tests" / BOOTSTRAP] if variables.startswith("bootstrap") else _tests_of_the_root()
    expected = Counter(
        name
        for path in paths
        for listed in EXPECTED.findall(path.read_text())
        for name in re.findall(r"var\.(\w+)", listed)
    )
    found = files.blocks("variable", INFRA.glob(variables)).items()
    needed = {name: count for name, text in found if (count := text.count("validation {"))}
    assert len(needed) >= least
    assert {name: count for name, count in needed.items() if expected[name] < count} == {}


def _tests_of_the_root() -> list[Path]:
    return [path for path in INFRA.glob("tests/*.tftest.hcl") if path.name != BOOTSTRAP]
