"""The functions of scripts/deploy and the scripts beside it, in bash: each file runs in bats."""

import shutil
import subprocess
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.glob("*.bats"))
PARTS = Path(__file__).resolve().parents[3] / "scripts" / "deploy"


def test_each_part_has_its_file() -> None:
    parts = {path.stem for path in PARTS.glob("*.sh")}
    assert parts, f"no parts in {PARTS}"
    # all.sh, say.sh and tool.sh are in every test
    assert parts - {"all", "say", "tool"} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bats(path: Path) -> None:
    bats = shutil.which("bats")
    if not bats:
        pytest.skip("bats is not installed: apt-get install bats")
    result = subprocess.run([bats, "--tap", str(path)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nok " in result.stdout, f"no test in {path}"
