"""Every gap is closed, and every one has its tests."""

import pkgutil
from pathlib import Path

from infra.local.aws import gaps, terraform_compat

MODULES = {module.name for module in pkgutil.iter_modules(gaps.__path__)}
TESTS = Path(__file__).parent / "gaps"


def test_every_gap_is_closed() -> None:
    assert len(MODULES) >= 9
    assert {gap.__name__.rpartition(".")[2] for gap in terraform_compat.GAPS} == MODULES


def test_every_gap_is_shown_in_plain_moto() -> None:
    """``gap(…)`` fails when moto has closed it itself."""
    without = [name for name in MODULES if "    gap(" not in (TESTS / f"test_{name}.py").read_text()]
    assert without == []
