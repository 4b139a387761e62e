"""The functions of scripts/deploy/nginx.sh with stubs for all that they call: bats."""

import shutil
import subprocess

import pytest

from tests.docker.proxy import ROOT

SUITE = ROOT / "tests" / "scripts" / "deploy" / "nginx.bats"


def test_bats() -> None:
    if not shutil.which("bats"):
        pytest.skip("bats is not installed: apt-get install bats")
    done = subprocess.run(["bats", "--tap", str(SUITE)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == f"1..{SUITE.read_text().count('@test ')}"
    assert done.returncode == 0, done.stdout
