"""Two emulators: moto as it is, and with its gaps closed."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tests.infra.local.aws.conftest import ROOT, clients

Clients = Callable[[str], Any]
Probe = Callable[[Clients], Any]

PLAIN = """
import sys
from pathlib import Path
from infra.local.aws import __main__ as emulator, terraform_compat
terraform_compat.install = lambda: None
sys.exit(emulator.main(sys.argv[1:]))
"""


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with _served(tmp_path_factory.mktemp("plain"), "-c", PLAIN) as client:
        yield client


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with _served(tmp_path_factory.mktemp("closed"), "-m", "infra.local.aws") as client:
        yield client


@contextmanager
def _served(folder: Path, *arguments: str) -> Iterator[Clients]:
    command = [sys.executable, *arguments, "--folder", str(folder), "--region", "ap-northeast-2"]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield clients(process.stdout.readline().strip())
        process.terminate()


@pytest.fixture
def gap(plain: Clients, closed: Clients) -> Callable[[Probe, Any], None]:
    """Check that the emulator answers as AWS does, and that moto alone still does not."""

    def check(probe: Probe, right: Any) -> None:
        assert probe(closed) == right
        assert _answer(probe, plain) != right, "moto answers right by itself: delete the patch and this test"

    return check


def _answer(probe: Probe, client: Clients) -> Any:
    try:
        return probe(client)
    except (BotoCoreError, ClientError, ResponseParserError, KeyError) as error:
        return repr(error)
