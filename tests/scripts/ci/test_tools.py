"""What a job's machine lacks is named, or installed where root may."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BASH = subprocess.run(["bash", "-c", "command -v bash"], capture_output=True, text=True, check=True).stdout.strip()


def tools(*arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    command = [BASH, str(ROOT / "scripts" / "ci" / "tools"), *arguments]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True)


def test_what_is_there_is_left(tmp_path: Path) -> None:
    for name in ("docker", "ssh"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert tools("docker", "ssh", path=f"{tmp_path}:/usr/bin:/bin").returncode == 0


def test_what_is_missing_is_installed_or_named(tmp_path: Path) -> None:
    """Without apt-get, as for somebody who is not root, it is named."""
    result = tools("docker", path=str(tmp_path))
    assert result.returncode == 1
    assert "error: missing: docker-cli docker-buildx. Install them" in result.stderr
    for name, text in {"apt-get": f"echo apt-get \"$@\" >>'{tmp_path}/calls'", "id": "echo 0"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    result = tools("docker", path=str(tmp_path))
    if os.geteuid() == 0:
        assert result.returncode == 0, result.stderr
        installed = (tmp_path / "calls").read_text().splitlines()[-1]
        assert installed == "apt-get install -y -qq --no-install-recommends docker-cli docker-buildx"


def test_what_debian_does_not_have() -> None:
    result = tools("terraform")
    assert (result.returncode, result.stdout) == (2, "")
    assert "there is no package for 'terraform': it has to be on the job's image" in result.stderr


def test_usage() -> None:
    assert "usage: scripts/ci/tools [-h] COMMAND..." in tools("-h").stdout
    assert tools().returncode == 0
