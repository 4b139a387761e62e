"""The load balancers' certificate."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scripts.preflights.certificate import certificate, covers
from tests.scripts.preflights.canned import NUMBER, REGION, CannedAccount
from tests.scripts.preflights.conftest import Found

NONE = ("ok", "none needed in ACM: nginx on the host has that of the secret tls")
DAY = timedelta(days=1)


def imported(made: Any, *names: str, end: datetime | None = None) -> str:
    """Import a certificate of its own authority, and return its ARN."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    until = end or datetime.now(UTC) + 90 * DAY
    built = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(until - 400 * DAY)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = built.public_bytes(serialization.Encoding.PEM)
    arn: str = made("acm").import_certificate(Certificate=pem, PrivateKey=private)["CertificateArn"]
    return arn


def test_one_host_and_no_public_ui_need_none(account: CannedAccount, found: Found) -> None:
    assert found(certificate) == [NONE]
    assert account.asked == []


@pytest.mark.parametrize(
    ("single", "why"), [("host_count=2", "host_count is 2"), ("ui_access=public", "ui_access is public")]
)
def test_one_that_is_needed_and_not_given(account: CannedAccount, found: Found, single: str, why: str) -> None:
    assert found(certificate, single) == [("stop", f"{why}, and certificate_arn is not given")]


@pytest.mark.parametrize("name", ["airflow.example.com", "*.example.com"])
def test_a_good_one(account: CannedAccount, found: Found, made: Any, name: str) -> None:
    end = datetime.now(UTC) + 90 * DAY
    arn = imported(made, name, end=end)
    assert found(certificate, f"certificate_arn={arn}") == [("ok", f"{name}, until {end:%Y-%m-%d}")]


def test_one_that_there_is_not(account: CannedAccount, found: Found) -> None:
    arn = f"arn:aws:acm:{REGION}:{NUMBER}:certificate/12345678-1234-1234-1234-123456789012"
    assert found(certificate, f"certificate_arn={arn}") == [("stop", f"there is no {arn}")]


def test_one_of_another_region(account: CannedAccount, found: Found) -> None:
    arn = f"arn:aws:acm:us-east-1:{NUMBER}:certificate/12345678-1234-1234-1234-123456789012"
    said = f"{arn} is not in {REGION}, where the load balancers are"
    assert found(certificate, f"certificate_arn={arn}") == [("stop", said)]


def test_one_that_waits_for_its_dns_records(account: CannedAccount, found: Found, made: Any) -> None:
    arn = made("acm").request_certificate(DomainName="airflow.example.com", ValidationMethod="DNS")["CertificateArn"]
    said = "airflow.example.com is PENDING_VALIDATION, not ISSUED"
    assert found(certificate, f"certificate_arn={arn}") == [("stop", said)]


def test_one_for_another_name(account: CannedAccount, found: Found, made: Any) -> None:
    arn = imported(made, "example.com", "www.example.com")
    said = "it is for example.com, www.example.com, not for airflow.example.com"
    assert found(certificate, f"certificate_arn={arn}") == [("stop", said)]


@pytest.mark.parametrize(("days", "level"), [(31.5, "ok"), (29, "warning"), (-1, "stop")])
def test_one_that_ends_soon(account: CannedAccount, found: Found, made: Any, days: float, level: str) -> None:
    arn = imported(made, "airflow.example.com")
    end = datetime.now(UTC) + days * DAY
    account.answer(
        "DescribeCertificate",
        Certificate={
            **{"CertificateArn": arn, "DomainName": "airflow.example.com", "Status": "ISSUED", "NotAfter": end},
            "SubjectAlternativeNames": ["airflow.example.com"],
        },
    )
    ((said, what),) = found(certificate, f"certificate_arn={arn}")
    assert said == level
    assert f"{end:%Y-%m-%d}" in what


@pytest.mark.parametrize(
    ("name", "domain", "expected"),
    [
        ("airflow.example.com", "airflow.example.com", True),
        ("AIRFLOW.example.com", "airflow.example.com", True),
        ("*.example.com", "airflow.example.com", True),
        ("*.example.com", "a.airflow.example.com", False),  # a star stands for one label
        ("*.example.com", "example.com", False),
        ("example.com", "airflow.example.com", False),
    ],
)
def test_what_a_name_covers(name: str, domain: str, expected: bool) -> None:
    assert covers([name], domain) is expected
