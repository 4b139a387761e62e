"""Tell whether the image that is deployed has a critical vulnerability that can be mended.

usage: scripts/ci/scan ENVIRONMENT [DIGEST]     the image that serves on its first host, when no DIGEST is given

Reads what ECR found (scan on push is on in infra/registry.tf). A finding counts unless ECR says that there is no
mended version. exit codes: 0 none, 1 some, 2 wrong usage or variables, 4 ECR or a host does not tell.
"""

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.ci import hosts, identity, registry, variables
from scripts.ci.place import Place
from scripts.ci.stop import Stop, told

WITHIN_S = 300.0
POLL_S = 10.0
ENDED = ("COMPLETE", "ACTIVE")


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2 or arguments[0] in ("-h", "--help"):
        print((__doc__ or "").strip())
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    return told(lambda: scan(*arguments))


def scan(environment: str, image: str = "") -> int:
    if not image:
        variables.require("deploy", os.environ)
    place = Place.read(environment)
    digest, name = registry.digest(image or hosts.serving(place)), place.repository.partition("/")[2]
    with identity.role(place.role("ci-deploy"), place.region):
        try:
            found = list(findings(boto3.client("ecr", region_name=place.region), name, digest))
        except (BotoCoreError, ClientError) as error:
            raise Stop(4, f"ECR tells nothing of {name}@{digest}: {error}")
    critical = [finding for finding in found if serious(finding)]
    print(f"==> {name}@{digest}: {len(found)} findings, {len(critical)} of them critical and to be mended")
    for finding in critical:
        print(f"    {line(finding)}")
    if critical:
        print("error: pin mended versions (pyproject.toml, make lock), or take a newer base image", file=sys.stderr)
    return 1 if critical else 0


def findings(ecr: Any, repository: str, digest: str) -> Iterator[dict[str, Any]]:
    """Give all findings of an image's scan, of ECR's own or of Inspector; wait for one that is under way."""
    asked = {"repositoryName": repository, "imageId": {"imageDigest": digest}}
    deadline = time.monotonic() + WITHIN_S
    while (status := ecr.describe_image_scan_findings(**asked)["imageScanStatus"])["status"] not in ENDED:
        if status["status"] not in ("IN_PROGRESS", "PENDING") or time.monotonic() > deadline:
            raise Stop(4, f"the scan of {repository}@{digest} is {status['status']}: {status.get('description', '')}")
        time.sleep(POLL_S)
    for page in ecr.get_paginator("describe_image_scan_findings").paginate(**asked):
        found = page["imageScanFindings"]
        yield from (*found.get("findings", ()), *found.get("enhancedFindings", ()))


def serious(finding: dict[str, Any]) -> bool:
    return finding.get("severity") == "CRITICAL" and finding.get("fixAvailable") != "NO"


def line(finding: dict[str, Any]) -> str:
    """Return a finding in a line: what, in which package, where to read on."""
    attributes = {entry["key"]: entry["value"] for entry in finding.get("attributes", ())}
    details = finding.get("packageVulnerabilityDetails", {})
    packages = [f"{p['name']} {p['version']}" for p in details.get("vulnerablePackages", ())]
    one = f"{attributes.get('package_name', '?')} {attributes.get('package_version', '')}".strip()
    name, where = finding.get("name") or finding.get("title"), finding.get("uri") or details.get("sourceUrl", "")
    return f"{name}  {', '.join(packages) or one}  {where}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
