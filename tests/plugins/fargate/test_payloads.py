"""Payloads that nobody fetched are deleted, the others stay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fargate import payloads
from tests.plugins.conftest import Said


class S3:
    """A bucket in two pages; ``deleted`` are the keys of each call."""

    def __init__(self, *ages_in_hours: float) -> None:
        now = datetime.now(UTC)
        self.entries = [
            {"Key": f"{number}", "LastModified": now - timedelta(hours=age)} for number, age in enumerate(ages_in_hours)
        ]
        self.deleted: list[list[str]] = []

    def get_paginator(self, operation: str) -> "S3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **request: str) -> list[dict[str, Any]]:
        assert request == {"Bucket": "payloads"}
        half = len(self.entries) // 2
        return [{"Contents": self.entries[:half]}, {"Contents": self.entries[half:]}] if self.entries else [{}]

    def delete_objects(self, **request: Any) -> None:
        assert (request["Bucket"], request["Delete"]["Quiet"]) == ("payloads", True)
        self.deleted.append([entry["Key"] for entry in request["Delete"]["Objects"]])


def delete(monkeypatch: pytest.MonkeyPatch, s3: S3, hours: float = 24) -> int:
    monkeypatch.setattr(payloads.boto3, "client", lambda service: s3 if service == "s3" else None)
    return payloads.delete_expired("payloads", hours)


def test_what_is_too_old_is_deleted(monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    s3 = S3(0, 23.9, 24.1, 48)
    assert delete(monkeypatch, s3) == 2
    assert s3.deleted == [["2", "3"]]
    assert said() == ["payloads: 2 of 4 payloads deleted"]


@pytest.mark.parametrize("s3", [S3(), S3(1, 2)])
def test_nothing_old_is_nothing_deleted(monkeypatch: pytest.MonkeyPatch, s3: S3) -> None:
    assert delete(monkeypatch, s3) == 0
    assert s3.deleted == []


def test_a_call_deletes_as_many_as_s3_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = S3(*[48] * 2001)
    assert delete(monkeypatch, s3) == 2001
    assert [len(keys) for keys in s3.deleted] == [1000, 1000, 1]
