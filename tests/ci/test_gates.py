"""Every gate is shown to fail once: the checkout passes it, and with one thing planted it does not.

Drift, vulnerabilities and the smoke test are gates too: tests/scripts/ci/test_plan.py, test_scan.py and
tests/e2e/test_smoke.py have them fail.
"""

import os
import secrets
import string
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ci.runner import ROOT, Project
from tests.form import FULL

VENV = ROOT / ".local" / "venv"
DAG = """
\"\"\"
### Planted

A text.
\"\"\"

from airflow.sdk import dag, task

from pipelines.defaults import DEFAULT_ARGS, START


@dag(schedule=None, start_date=START, catchup=False, default_args=DEFAULT_ARGS, doc_md=__doc__, tags=["example"])
def planted():
    @task
    def do() -> None:
        pass

    do()


planted()
"""


def aws_key() -> str:
    """Return what looks like a key of AWS's; a fixed one would be found in this file."""
    return "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))


@dataclass(frozen=True)
class Gate:
    """``command`` passes on the checkout, and fails with ``file`` planted, saying ``words``."""

    name: str
    command: tuple[str, ...]
    file: str
    text: str
    words: str


CHECK, TESTS = "scripts/check", (str(VENV / "bin" / "pytest"), "-q", "-p", "no:cacheprovider", "tests/dags")
GATES = [
    Gate("lint", (CHECK, "lint"), "scripts/planted.py", "import os\n", "`os` imported but unused"),
    Gate("format", (CHECK, "format"), "scripts/planted.py", "x  =  1\n", "format (ruff)"),
    Gate(
        "types",
        (CHECK, "types"),
        "scripts/planted.py",
        'def f() -> int:\n    return "x"\n',
        "Incompatible return",
    ),
    Gate("shell", (CHECK, "shell (shellcheck)"), "scripts/planted.sh", "#!/bin/bash\nrm -rf $1/x\n", "SC2086"),
    Gate("schema", (CHECK, "pipeline"), ".gitlab-ci.yml", "check:\n  stage: check\n  scripts: make check\n", "scripts"),
    Gate("secret", (CHECK, "secrets"), "docker/planted.env", f"KEY={aws_key()}\n", "AWS Access Key"),
    Gate("DAG policy", TESTS, "dags/planted.py", DAG.replace('tags=["example"]', "tags=[]"), "there is no tag"),
    Gate("import error", TESTS, "dags/planted.py", f"import no_such_module\n{DAG}", "No module named 'no_such_module'"),
]


@pytest.fixture
def checkout(project: Project) -> Path:
    """The clone with this checkout's packages. Nothing there installs any, which would empty the folder."""
    local = project.folder / ".local"
    local.mkdir(exist_ok=True)
    if not (local / "venv").exists():
        (local / "venv").symlink_to(VENV)
    return project.folder


def run(checkout: Path, gate: Gate) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(gate.command, cwd=checkout, env=kept, capture_output=True, text=True, timeout=280)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_gate(checkout: Path, gate: Gate) -> None:
    if FULL or gate.name != "types":  # which takes a minute, and which `make check` shows
        before = run(checkout, gate)
        assert before.returncode == 0, before.stdout + before.stderr
    (checkout / gate.file).write_text(gate.text)
    after = run(checkout, gate)
    assert after.returncode != 0
    assert gate.words in after.stdout + after.stderr
