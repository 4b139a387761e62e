"""The image."""

import json
from typing import Any

import pytest

from scripts.preflights.image import INDEXES, BadImage, checked, image
from tests.scripts.preflights.canned import NUMBER, REGION, CannedAccount
from tests.scripts.preflights.conftest import Found

REPOSITORY = "airflow-production/airflow"
DIGEST = "sha256:" + 64 * "a"
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 7},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": DIGEST, "size": 500_000_000}],
}


def uri(digest: str = DIGEST, region: str = REGION, repository: str = REPOSITORY) -> str:
    return f"{NUMBER}.dkr.ecr.{region}.amazonaws.com/{repository}@{digest}"


def pushed(made: Any) -> str:
    """Push an image, and return its digest."""
    ecr = made("ecr")
    ecr.create_repository(repositoryName=REPOSITORY)
    put = ecr.put_image(repositoryName=REPOSITORY, imageManifest=json.dumps(MANIFEST), imageTag="1")
    digest: str = put["image"]["imageId"]["imageDigest"]
    return digest


def index(account: CannedAccount, *platforms: str) -> None:
    """Let the repository have an image for several platforms."""
    account.answer("DescribeImages", imageDetails=[{"imageDigest": DIGEST, "imageManifestMediaType": INDEXES[0]}])
    parts = [{"digest": DIGEST, "platform": {"architecture": platform, "os": "linux"}} for platform in platforms]
    account.answer("BatchGetImage", images=[{"imageManifest": json.dumps({"manifests": parts})}])


def test_none_is_named(account: CannedAccount, found: Found) -> None:
    assert found(image, uri=None) == [("ok", "none named: the first deploy brings it")]
    assert account.asked == []


def test_one_that_is_there(account: CannedAccount, found: Found, made: Any) -> None:
    digest = pushed(made)
    ((level, what),) = found(image, uri=uri(digest))
    assert (level, what.partition(",")[0]) == ("ok", f"{REPOSITORY} has it")
    assert "MB compressed (scripts/cost --image-mb)" in what
    assert found(image, f"image_digest={digest}", uri=None) == [(level, what)]


@pytest.mark.parametrize("single", [(), (f"image_digest={DIGEST}",)])
def test_one_that_is_not_there(account: CannedAccount, found: Found, made: Any, single: tuple[str, ...]) -> None:
    expected = [("stop", f"{REPOSITORY} has no sha256:aaaaaaaaaaaa…")]
    named = None if single else uri()
    assert found(image, *single, uri=named) == expected  # no repository
    pushed(made)
    assert found(image, *single, uri=named) == expected  # no such image in it


def test_one_in_another_region(account: CannedAccount, found: Found) -> None:
    said = f"{REPOSITORY} is in us-east-1: a closed network reaches only the registry of {REGION}"
    assert found(image, uri=uri(region="us-east-1")) == [("stop", said)]


@pytest.mark.parametrize(
    ("platforms", "single", "expected"),
    [
        (["arm64", "amd64"], (), ("ok", f"{REPOSITORY} has it, for amd64, arm64")),
        (["arm64", "unknown"], (), ("ok", f"{REPOSITORY} has it, for arm64")),
        (["amd64"], (), ("stop", "it is built for amd64, architecture is ARM64")),
        (["arm64"], ("architecture=X86_64",), ("stop", "it is built for arm64, architecture is X86_64")),
        ([], (), ("warning", "its index names no platform")),
    ],
)
def test_the_platforms_of_an_index(
    account: CannedAccount, found: Found, platforms: list[str], single: tuple[str, ...], expected: tuple[str, str]
) -> None:
    index(account, *platforms)
    assert found(image, *single, uri=uri()) == [expected]


@pytest.mark.parametrize("name", ["nginx:latest", uri().replace("@", ":"), uri("sha256:ab"), uri() + "x"])
def test_what_is_no_image_by_digest(name: str) -> None:
    assert checked(uri()) == uri()
    with pytest.raises(BadImage, match="is not of the form ACCOUNT"):
        checked(name)
