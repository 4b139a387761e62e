"""The command that builds the image, and the list of what is in one."""

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts.images import build, layers, sbom

LAYERS = "compression=zstd,compression-level=22,force-compression=true,oci-mediatypes=true"


def test_command() -> None:
    secrets = {"ca": None, "index": "/tmp/index"}
    assert build.command(
        build.named("airflow:local"), "51e8d27", 1577836800, "base:1", secrets, Path("/tmp/result")
    ) == [
        *("docker", "buildx", "build", "--file", "docker/Dockerfile", "--provenance=false"),
        *("--build-arg", "REVISION=51e8d27", "--build-arg", f"VERSION={build.version()}"),
        *("--build-arg", "CREATED=2020-01-01T00:00:00+00:00"),
        *("--build-arg", "BASE_IMAGE=base:1", "--secret", "id=index,src=/tmp/index"),
        *("--metadata-file", "/tmp/result", "--output", f"type=image,name=airflow:local,{LAYERS}", "."),
    ]


def test_layers_may_come_from_earlier_builds() -> None:
    command = build.command(build.named("a"), "r", 0, None, {}, Path("/tmp/result"), "registry/cache:build")
    assert command[command.index("--cache-from") :][:4] == [
        *("--cache-from", "type=registry,ref=registry/cache:build", "--cache-to"),
        "type=registry,ref=registry/cache:build,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true",
    ]
    assert command[-1] == "."


def test_what_is_pushed_has_a_tag_of_its_digest() -> None:
    name = "registry/airflow:build-0123456789ab"
    assert build.pushing("airflow:local", "registry/airflow", "sha256:0123456789abcdef") == [
        ["docker", "tag", "airflow:local", name],
        ["docker", "push", "--quiet", name],
        ["docker", "rmi", name],
    ]


def test_the_base_of_the_dockerfile_is_taken_unless_another_is_named() -> None:
    command = build.command(build.named("a"), "r", 0, None, {}, Path("/tmp/result"))
    assert not [word for word in command if word.startswith("BASE_IMAGE")]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ""),
        ({"HOME": "/root", "UV_INDEX": ""}, ""),
        ({"PIP_INDEX_URL": "https://u:p'w@index/simple"}, "PIP_INDEX_URL='https://u:p'\"'\"'w@index/simple'\n"),
    ],
)
def test_index_settings_are_what_a_shell_reads(environment: dict[str, str], expected: str) -> None:
    assert build.index_settings(environment) == expected


def test_authorities_are_the_first_that_are_set() -> None:
    assert build.authorities({"PIP_CERT": "/b", "SSL_CERT_FILE": "/a"}) == "/a"
    assert build.authorities({"SSL_CERT_FILE": ""}) is None


def test_sbom_names_each_package_and_is_valid() -> None:
    installed = {
        "python": ["3.12.1"],
        "pypi": [["Flask", "3.1.3"], ["duckdb", "2.0.0"]],
        "deb": [["libc6", "2.36-9+deb12u14", "amd64"]],
        "distro": "bookworm",
    }
    text = sbom.listed(installed, "sha256:0")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert {component["purl"] for component in json.loads(text)["components"]} == {
        "pkg:generic/cpython@3.12.1",
        "pkg:pypi/flask@3.1.3",
        "pkg:pypi/duckdb@2.0.0",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=bookworm",
    }


def test_layers_are_added_up() -> None:
    said = layers.table(
        [layers.Layer("sha256:" + "a" * 64, 2_000_000, ""), layers.Layer("sha256:" + "b" * 64, 500_000, "")]
    )
    assert said.splitlines()[-1].split() == ["compressed", "2.50", "MB"]
