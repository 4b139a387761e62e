"""The jobs that build the image and give it to production's registry: one digest, whoever asks and however often."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests import checkout as copies
from tests.deploy.engine import Engine
from tests.deploy.registry import Registry

pytestmark = pytest.mark.timeout(1500)
COMMIT = "01234567" * 5


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of this checkout, with its packages, in a repository of its own."""
    return copies.committed(copies.with_packages(tmp_path / "checkout"))


def job(checkout: Path, user: Engine, *words: str, **variables: str) -> str:
    accounts = {"STAGING_ACCOUNT": "123456789012", "PRODUCTION_ACCOUNT": "210987654321"}
    command = [str(checkout / "scripts" / "ci" / words[0]), *words[1:]]
    given = {**os.environ, **user.environment, **accounts, **variables}
    result = subprocess.run(command, cwd=checkout, env=given, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def digest_of(user: Engine, name: str) -> str:
    return str(
        json.loads(user.out("buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", name))["digest"]
    )


def test_one_digest_from_the_build_to_production(
    checkout: Path, user: Engine, registry: Registry, base_image: str
) -> None:
    staging, production = (f"{registry.address}/airflow-{name}" for name in ("staging", "production"))
    build = {
        **{"BASE_IMAGE": base_image, "CI_COMMIT_SHA": COMMIT},
        **{"IMAGE_REPOSITORY": f"{staging}/airflow", "IMAGE_CACHE": f"{staging}/cache:build"},
    }
    try:
        said = job(checkout, user, "build", "staging", **build)
        report = dict(line.split("=", 1) for line in (checkout / "build.env").read_text().splitlines())
        digest = report["IMAGE_DIGEST"]
        assert report == {
            "IMAGE": f"{staging}/airflow@{digest}", "IMAGE_DIGEST": digest, "IMAGE_ENVIRONMENT": "staging"
        }  # fmt: skip
        assert said.endswith((checkout / "build.env").read_text())
        assert digest_of(user, f"{staging}/airflow:commit-{COMMIT[:12]}") == digest
        assert digest_of(user, f"{staging}/cache:build").startswith("sha256:")

        job(checkout, user, "build", "staging", **build)
        assert f"IMAGE_DIGEST={digest}\n" in (checkout / "build.env").read_text()

        job(checkout, user, "promote", "production", report["IMAGE"], IMAGE_REPOSITORY=f"{production}/airflow")
        assert digest_of(user, f"{production}/airflow@{digest}") == digest
    finally:
        user.run("image", "rm", "airflow:build", check=False)
