"""The quick form: what can be said of infra/ without an apply."""

import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from infra.local.layout import ROOT
from tests.infra.terraform.terraform import INFRA, Terraform

CHECKOV = ROOT / ".local" / "checkov" / "bin" / "checkov"
GET_CHECKOV = "checkov is not there: `make packages-infra` installs it in .local/checkov"


def test_the_files_are_formatted(terraform: Terraform) -> None:
    code, printed = terraform.attempt("fmt", "-check", "-recursive", "-diff", str(INFRA))
    assert code == 0, printed


def test_the_root_is_valid(terraform: Terraform) -> None:
    assert "The configuration is valid" in terraform.run("validate")


def test_terraform_s_own_tests_pass(terraform: Terraform) -> None:
    """infra/tests: illegal values are refused, and the main variants are planned as meant."""
    tests = sorted(path.name for path in INFRA.glob("tests/*.tftest.hcl"))
    assert tests
    with ThreadPoolExecutor() as pool:  # Terraform makes one plan after the other
        failed = pool.map(partial(_failure, terraform), tests)
    assert [printed for printed in failed if printed] == []


def _failure(terraform: Terraform, name: str) -> str:
    """Run a file of tests; return "" when it has tests and all pass, else what it prints."""
    code, printed = terraform.attempt("test", f"-filter=tests/{name}")
    return "" if code == 0 and re.search(r"Success! [1-9]\d* passed, 0 failed", printed) else printed


def test_checkov_finds_nothing(tmp_path: Path) -> None:
    checkov = CHECKOV if CHECKOV.exists() else shutil.which("checkov")
    if not checkov:
        pytest.skip(GET_CHECKOV)
    where = ["--directory", str(INFRA), "--skip-path", "infra/local", "--framework", "terraform"]
    command = [str(checkov), *where, "--skip-download", "--quiet", "--compact", "--output", "json"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    found = json.loads(result.stdout)
    assert found["summary"]["passed"] > 100, result.stderr
    assert found["summary"]["parsing_errors"] == 0
    assert [_line(check) for check in found["results"]["failed_checks"]] == []


def _line(check: dict[str, object]) -> str:
    return f"{check['check_id']} {check['file_path']} {check['resource']}: {check['check_name']}"
