"""The token bucket: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""

from types import SimpleNamespace

import pytest

from infra.local.aws import token_bucket
from infra.local.aws.token_bucket import TokenBucket


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(token_bucket, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def taken(bucket, tries):
    return sum(bucket.take() for _ in range(tries))


@pytest.mark.parametrize(("after_s", "tokens"), [(0, 0), (0.05, 1), (1, 20), (4, 80), (5, 100), (3600, 100)])
def test_a_bucket_fills_up_to_its_burst(clock, after_s, tokens):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    bucket = TokenBucket(100, 20)
    assert taken(bucket, 150) == 100
    clock.now += after_s + 1e-9
    assert taken(bucket, 150) == tokens


@pytest.mark.usefixtures("clock")
def test_too_few_tokens_are_left_where_they_are():
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""
    bucket = TokenBucket(15, 1)
    assert [bucket.take(10), bucket.take(10), bucket.take(5), bucket.take()] == [True, False, True, False]
