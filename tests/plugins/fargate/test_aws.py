"""Clients are made when they are needed, shared, and made anew when they may have lost their access."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from fargate.aws import Aws


@pytest.fixture
def aws() -> Aws:
    return Aws(None, None, threads=4)


@pytest.fixture
def stripped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A process to which nobody has said where AWS is, and who it is."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    return monkeypatch


def test_nothing_is_made_before_it_is_needed(stripped: pytest.MonkeyPatch) -> None:
    made = Aws("no-such-connection", None, threads=4)
    made.forget()


def test_without_a_region_the_call_fails_and_the_next_may_succeed(stripped: pytest.MonkeyPatch, aws: Aws) -> None:
    for _ in range(2):
        with pytest.raises(NoRegionError):
            _ = aws.ecs
    stripped.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert aws.ecs.meta.region_name == "eu-central-1"


def test_without_credentials_the_call_fails(stripped: pytest.MonkeyPatch) -> None:
    aws = Aws(None, "ap-northeast-2", threads=4)
    for call in (aws.ecs.list_clusters, aws.s3.list_buckets):
        with pytest.raises(NoCredentialsError):
            call()


def key_of(client: Any) -> str:
    """Return the access key with which a client signs."""
    return str(client._request_signer._credentials.access_key)


def test_forgotten_clients_are_made_with_the_credentials_of_then(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    first = aws.ecs
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    assert (aws.ecs, key_of(aws.ecs)) == (first, "testing")
    aws.forget()
    assert aws.ecs is not first
    assert (key_of(aws.ecs), key_of(aws.s3)) == ("another", "another")
    assert key_of(first) == "testing"  # a thread that is in a call goes on with its own


def test_each_service_has_one_client(aws: Aws) -> None:
    assert aws.ecs is aws.ecs
    assert aws.s3 is aws.s3
    assert [client.meta.service_model.service_name for client in (aws.ecs, aws.s3)] == ["ecs", "s3"]


def test_threads_share_a_client(aws: Aws) -> None:
    ready, found = threading.Barrier(8), []

    def get() -> None:
        ready.wait()
        found.append(aws.ecs)

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(client) for client in found}) == 1


def test_the_region_of_the_executor_goes_before_that_of_the_process() -> None:
    assert Aws(None, "eu-west-1", threads=1).ecs.meta.region_name == "eu-west-1"
    assert Aws(None, None, threads=1).ecs.meta.region_name == "ap-northeast-2"


def test_a_connection_of_airflow_says_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "aws", "login": "a-key", "password": "secret", "extra": {"region_name": "us-west-2"}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_OF_ECS", json.dumps(connection))
    client = Aws("aws_of_ecs", None, threads=1).ecs
    assert (key_of(client), client.meta.region_name) == ("a-key", "us-west-2")


def test_a_client_waits_briefly_and_for_all_threads(aws: Aws) -> None:
    for config in (aws.ecs.meta.config, aws.s3.meta.config):
        assert (config.connect_timeout, config.read_timeout) == (5, 10)
        assert config.max_pool_connections == 6  # those of the launcher, the watcher and errands


class Unwell(BaseHTTPRequestHandler):
    """An AWS that answers 500, and counts."""

    calls = 0

    def do_POST(self) -> None:
        Unwell.calls += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def unwell(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Unwell]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Unwell)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    Unwell.calls = 0
    yield Unwell
    server.shutdown()
    server.server_close()


def test_a_client_repeats_nothing_by_itself(aws: Aws, unwell: type[Unwell]) -> None:
    with pytest.raises(ClientError):
        aws.ecs.list_clusters()
    assert unwell.calls == 1
