"""What is stated in two places says the same: exceptions have reasons, and validations have tests."""

import re
from collections import Counter

from tests.infra.terraform import files
from tests.infra.terraform.terraform import INFRA

EXPECTED = re.compile(r"expect_failures\s*=\s*\[(.*?)\]", re.DOTALL)


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


def test_every_validation_is_tested() -> None:
    """A variable with three validations is refused in three runs, or more."""
    expected = Counter(
        name
        for path in INFRA.glob("tests/*.tftest.hcl")
        for listed in EXPECTED.findall(path.read_text())
        for name in re.findall(r"var\.(\w+)", listed)
    )
    needed = {name: text.count("validation {") for name, text in files.blocks("variable").items()}
    needed = {name: count for name, count in needed.items() if count and name in _of_the_root()}
    assert len(needed) > 30
    assert {name: count for name, count in needed.items() if expected[name] < count} == {}


def _of_the_root() -> set[str]:
    return {
        name
        for path in INFRA.glob("variables*.tf")
        for name in re.findall(r'^variable "(\w+)"', path.read_text(), re.MULTILINE)
    }
