"""The image that tasks shall run, if one is named."""

import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from scripts.preflights.account import Account, absent
from scripts.preflights.finding import Finding, ok, stop, warning
from scripts.preflights.plan import NO_DIGEST, Plan

URI = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([a-z0-9._/-]+)@(sha256:[0-9a-f]{64})")
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
PLATFORMS = {"ARM64": "arm64", "X86_64": "amd64"}


class BadImage(Exception):
    """A name that is no image of ECR by digest."""


def checked(uri: str) -> str:
    """Return the URI.

    :raises BadImage: when it is no digest in ECR
    """
    if not URI.fullmatch(uri):
        raise BadImage(f"--image {uri!r} is not of the form ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:…")
    return uri


def image(plan: Plan, account: Account, uri: str | None) -> Iterator[Finding]:
    if not uri and plan.image_digest == NO_DIGEST:
        yield ok("image", "none named: the first deploy brings it")
        return
    match = URI.fullmatch(uri) if uri else None
    registry, region, repository, digest = (
        match.groups() if match else (account.number, plan.region, f"{plan.prefix}/airflow", plan.image_digest)
    )
    if region != plan.region:
        what = f"{repository} is in {region}: a closed network reaches only the registry of {plan.region}"
        yield stop("image", what, f"push the image to a repository in {plan.region}")
        return
    wanted = {"registryId": registry, "repositoryName": repository, "imageIds": [{"imageDigest": digest}]}
    try:
        found = account.client("ecr").describe_images(**wanted)["imageDetails"][0]
    except ClientError as error:
        if not absent(error):
            raise
        yield stop(
            "image", f"{repository} has no {digest[:19]}…", "push it first, or leave --image and image_digest out"
        )
        return
    yield from _platform(found, wanted, plan, account)


def _platform(found: dict[str, Any], wanted: dict[str, Any], plan: Plan, account: Account) -> Iterator[Finding]:
    size = f"{found.get('imageSizeInBytes', 0) / 1e6:,.0f} MB"
    if found.get("imageManifestMediaType") not in INDEXES:
        yield ok("image", f"{wanted['repositoryName']} has it, {size} compressed (scripts/cost --image-mb)")
        return
    answer = account.client("ecr").batch_get_image(**wanted, acceptedMediaTypes=list(INDEXES))
    parts = json.loads(answer["images"][0]["imageManifest"]).get("manifests", [])
    built = sorted({str(part.get("platform", {}).get("architecture")) for part in parts} - {"unknown", "None"})
    if built and PLATFORMS[plan.architecture] not in built:
        todo = f"build it with --platform linux/{PLATFORMS[plan.architecture]}, or set architecture"
        yield stop("image", f"it is built for {', '.join(built)}, architecture is {plan.architecture}", todo)
    elif not built:
        yield warning("image", "its index names no platform", f"make sure that it is built for {plan.architecture}")
    else:
        yield ok("image", f"{wanted['repositoryName']} has it, for {', '.join(built)}")
