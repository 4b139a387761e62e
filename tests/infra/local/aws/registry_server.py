"""A real registry for one test session: Docker's, with the user AWS and the password that ECR's API gives."""

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.aws.docker.settings import PASSWORD
from tests.infra.local.aws.cluster import until

CONFIGURATION = """
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
http: {{addr: "{address}"}}
auth:
  htpasswd: {{realm: tests, path: {folder}/htpasswd}}
"""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """Give the address of a registry."""
    for program, package in (("docker-registry", "docker-registry"), ("htpasswd", "apache2-utils")):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: apt install {package}")
    address = f"127.0.0.1:{port}"
    login = subprocess.run(["htpasswd", "-Bbn", "AWS", PASSWORD], capture_output=True, text=True, check=True).stdout
    (folder / "htpasswd").write_text(login)
    (folder / "config.yml").write_text(CONFIGURATION.format(folder=folder, address=address))
    with subprocess.Popen(["docker-registry", "serve", str(folder / "config.yml")]) as process:
        try:
            until(lambda: _answers(address), "the registry")
            yield address
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{address}/v2/")
    except urllib.error.HTTPError as error:
        return error.code == 401
    except urllib.error.URLError:
        return False
    return True
