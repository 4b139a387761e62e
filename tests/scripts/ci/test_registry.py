"""Digests, and the reports of a build."""

import os
from pathlib import Path

import pytest
from moto import mock_aws

from scripts.ci import build, promote, registry
from scripts.ci.stop import Stop

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
IMAGE = f"123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/airflow-staging/airflow@{DIGEST}"


class Docker:
    """A docker that only says what it was told, as a program on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "docker"
        program.write_text(
            f"#!/bin/sh\ncase \"$*\" in login*) cat >'{folder}/password';; esac\n"
            f'echo "$*" >>\'{folder}/calls\'\ncase "$*" in\n'
            f"  *'imagetools inspect --format'*) cat '{folder}/manifest' ;;\n"
            f"  *'imagetools inspect'*) test -e '{folder}/there' ;;\n  *) exit 0 ;;\nesac\n"
        )
        program.chmod(0o755)

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Docker(tmp_path)


def test_a_digest() -> None:
    assert registry.digest(DIGEST) == registry.digest(IMAGE) == DIGEST


@pytest.mark.parametrize("text", ["", "latest", "airflow:1", f"{DIGEST}a", DIGEST.upper(), f"airflow:{DIGEST}"])
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(Stop, match="is no digest: a tag can come to mean another image") as stopped:
        registry.digest(text)
    assert stopped.value.code == 2


def test_what_later_jobs_are_told() -> None:
    assert build.dotenv(IMAGE, "staging") == f"IMAGE={IMAGE}\nIMAGE_DIGEST={DIGEST}\nIMAGE_ENVIRONMENT=staging\n"


def test_the_login_is_ecr_s_own_and_not_on_a_command_line(docker: Docker) -> None:
    with mock_aws():
        registry.login(IMAGE)
    host = IMAGE.partition("/")[0]
    assert docker.calls() == [f"login --username AWS --password-stdin {host}"]
    assert len((docker.folder / "password").read_text()) > 10


def test_another_registry_has_its_login_already(docker: Docker) -> None:
    registry.login("127.0.0.1:5000/airflow")
    assert docker.calls() == []


def test_a_tag_that_is_there_stays(docker: Docker) -> None:
    registry.tag("airflow:build", "r/a:1")
    assert docker.calls()[1:] == [
        "tag airflow:build r/a:1",
        "push --quiet r/a:1",
        "rmi r/a:1",
    ]
    (docker.folder / "there").touch()
    registry.tag("airflow:build", "r/a:1")
    assert len(docker.calls()) == 5


def test_docker_that_fails_is_quoted(docker: Docker) -> None:
    with pytest.raises(Stop, match="docker buildx imagetools inspect --format x y: "):
        registry.docker("buildx", "imagetools", "inspect", "--format", "x", "y")


def test_an_image_is_promoted_as_it_is(docker: Docker, capsys: pytest.CaptureFixture[str]) -> None:
    (docker.folder / "manifest").write_text(f'{{"digest": "{DIGEST}"}}')
    with mock_aws():
        assert promote.main(["production", IMAGE]) == 0
    target = "210987654321.dkr.ecr.ap-northeast-2.amazonaws.com/airflow-production/airflow"
    name = f"{target}:build-0123456789ab"
    assert [call for call in docker.calls() if not call.startswith(("login", "buildx"))] == [
        *(f"pull --quiet {IMAGE}", f"tag {IMAGE} {name}", f"push --quiet {name}", f"rmi {name}"),
    ]
    assert capsys.readouterr().out.endswith(f"==> {target}@{DIGEST}\n")


def test_an_image_that_became_another_is_not_promoted(docker: Docker, capsys: pytest.CaptureFixture[str]) -> None:
    (docker.folder / "manifest").write_text('{"digest": "sha256:other"}')
    with mock_aws():
        assert promote.main(["production", IMAGE]) == 5
    assert f"is sha256:other, not {DIGEST}" in capsys.readouterr().err


def test_an_image_that_is_its_own_is_left(docker: Docker) -> None:
    assert promote.main(["staging", IMAGE]) == 0
    assert docker.calls() == []


@pytest.mark.parametrize("image", ["", DIGEST, "airflow:latest"])
def test_what_is_no_image(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert promote.main(["production", image]) == 2
    assert f"IMAGE is {image!r}: it should be REPOSITORY@sha256:…" in capsys.readouterr().err
