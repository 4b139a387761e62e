"""An emulated AWS account of the tests' own, empty at first."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.layout import ROOT

REGION = "ap-northeast-2"
END_S = 30


@dataclass(frozen=True)
class Account:
    """The account behind an emulator's address."""

    url: str

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="local-only",
            aws_secret_access_key="local-only",
            config=Config(proxies={}),
        )

    def all(self, service: str, call: str, field: str, **request: Any) -> list[Any]:
        """Return what a call lists, over all its pages."""
        client = self.client(service)
        if not client.can_paginate(call):
            return list(getattr(client, call)(**request).get(field) or [])
        pages = client.get_paginator(call).paginate(**request)
        return [entry for page in pages for entry in page.get(field) or []]


@contextmanager
def emulated(folder: Path) -> Iterator[Account]:
    """Run an emulated AWS in a process of its own."""
    command = [sys.executable, "-m", "infra.local.aws", "--folder", str(folder), "--region", REGION]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=(folder / "aws.log").open("w"), text=True
    ) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url, (folder / "aws.log").read_text()
        try:
            yield Account(url)
        finally:
            process.terminate()
            process.wait(END_S)
