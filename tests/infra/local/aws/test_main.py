"""The emulated AWS by itself: python -m infra.local.aws."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.local.aws.conftest import REGION, ROOT, clients, free_port

PROGRAM = [sys.executable, "-m", "infra.local.aws"]
ENVIRONMENT = {"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def emulator(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [*PROGRAM, "--folder", str(tmp_path / "state"), "--port", str(port), "--region", REGION]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_it_prints_its_address_serves_an_empty_account_and_ends(
    emulator: subprocess.Popen[str], port: int, tmp_path: Path
) -> None:
    assert emulator.stdout
    url = emulator.stdout.readline().strip()
    assert url == f"http://127.0.0.1:{port}"
    client = clients(url)
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("ecs").list_clusters()["clusterArns"] == []
    client("s3").create_bucket(Bucket="probe", CreateBucketConfiguration={"LocationConstraint": REGION})
    client("s3").put_object(Bucket="probe", Key="k", Body=b"x")
    assert (tmp_path / "state" / "s3" / "probe" / "k").read_bytes() == b"x"
    emulator.send_signal(signal.SIGTERM)
    assert emulator.wait(30) == 0


@pytest.mark.parametrize("arguments", [[], ["--folder", "f", "--port", "http"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    result = subprocess.run([*PROGRAM, *arguments], env=ENVIRONMENT, capture_output=True, text=True)
    assert (result.returncode, "usage: python -m infra.local.aws" in result.stderr) == (2, True)


def test_its_usage() -> None:
    result = subprocess.run([*PROGRAM, "-h"], env=ENVIRONMENT, capture_output=True, text=True)
    assert (result.returncode, "An empty AWS account" in result.stdout) == (0, True)
