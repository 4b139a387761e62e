"""What ECR found in an image that is deployed; ECR is moto's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.ci import scan

REPOSITORY = "airflow-staging/airflow"
MENDED, NOT_MENDED = {"fixAvailable": "YES"}, {"fixAvailable": "NO"}
Told = pytest.CaptureFixture[str]


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with mock_aws():
        client: Any = boto3.client("ecr", region_name="ap-northeast-2")
        client.create_repository(repositoryName=REPOSITORY)
        yield client


def pushed(ecr: Any) -> str:
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = f'{{"schemaVersion": 2, "mediaType": "{kind}", "config": {{"digest": "sha256:1"}}, "layers": []}}'
    put = ecr.put_image(repositoryName=REPOSITORY, imageManifest=manifest, imageTag="build-1")
    return str(put["image"]["imageId"]["imageDigest"])


def test_findings_of_ecr_s_own_scan_are_read(ecr: Any, capsys: Told) -> None:
    digest = pushed(ecr)
    ecr.start_image_scan(repositoryName=REPOSITORY, imageId={"imageDigest": digest})
    assert scan.main(["staging", digest]) == 0
    assert f"==> {REPOSITORY}@{digest}: 1 findings, 0 of them critical and to be mended" in capsys.readouterr().out


def test_a_critical_finding_fails_the_job(ecr: Any, capsys: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = pushed(ecr)
    found = {
        "name": "CVE-2026-1",
        "severity": "CRITICAL",
        "uri": "https://example.com/CVE-2026-1",
        "attributes": [{"key": "package_name", "value": "openssl"}, {"key": "package_version", "value": "3.0.1"}],
    }
    monkeypatch.setattr(scan, "findings", lambda *_: iter([found, {"severity": "HIGH"}]))
    assert scan.main(["staging", digest]) == 1
    told = capsys.readouterr()
    assert "    CVE-2026-1  openssl 3.0.1  https://example.com/CVE-2026-1\n" in told.out
    assert "error: pin mended versions" in told.err


@pytest.mark.parametrize(
    ("finding", "counts"),
    [
        ({"severity": "CRITICAL"}, True),
        ({"severity": "CRITICAL", **MENDED}, True),
        ({"severity": "CRITICAL", **NOT_MENDED}, False),
        ({"severity": "HIGH", **MENDED}, False),
    ],
)
def test_what_counts(finding: dict[str, Any], counts: bool) -> None:
    assert scan.serious(finding) is counts


def test_a_finding_of_inspector_s() -> None:
    details = {"sourceUrl": "https://example.com/x", "vulnerablePackages": [{"name": "zlib", "version": "1.2"}]}
    assert scan.line({"title": "CVE-1 - zlib", "packageVulnerabilityDetails": details}) == (
        "CVE-1 - zlib  zlib 1.2  https://example.com/x"
    )


def test_an_image_that_was_never_scanned(ecr: Any, capsys: Told) -> None:
    digest = pushed(ecr)
    assert scan.main(["staging", digest]) == 4
    assert "ECR tells nothing of airflow-staging/airflow@sha256:" in capsys.readouterr().err


def test_what_is_no_digest(capsys: Told) -> None:
    assert scan.main(["staging", "latest"]) == 2
    assert "'latest' is no digest" in capsys.readouterr().err
