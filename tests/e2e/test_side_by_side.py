"""A second stack beside the first: other ports, other state, and logs by an Airflow connection."""

import contextlib
import http.client
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.stack_under_test import StackUnderTest

KEY_ID = "AKIAFROMTHECONNECTION"


class S3Proxy(http.server.ThreadingHTTPServer):
    """Passes S3's requests on to ``target``, and keeps who signed them for which object."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Forward)
        self.target = urlsplit(target).netloc
        self.seen: list[tuple[str, str, str]] = []


class Forward(http.server.BaseHTTPRequestHandler):
    server: S3Proxy

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signer = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        self.server.seen.append((self.command, self.path, signer))
        onward = http.client.HTTPConnection(self.server.target)
        onward.request(self.command, self.path, body, dict(self.headers))
        answer = onward.getresponse()
        payload = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_HEAD = do_PUT = do_POST = forward

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StackUnderTest, S3Proxy]]:
    """A stack whose logs go to S3 by the connection ``aws_logs``, through a proxy that sees them."""
    made = StackUnderTest(
        Path(tmp_path_factory.mktemp("second")) / "a-state-folder-with-a-name-too-long-for-a-unix-socket"
    )
    proxy = S3Proxy(made.layout.aws_url)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{proxy.server_port}"
    connection = {
        "conn_type": "aws",
        "login": KEY_ID,
        "password": "secret",
        "extra": {"endpoint_url": address, "region_name": "ap-northeast-2"},
    }
    made.settings(AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID="aws_logs", AIRFLOW_CONN_AWS_LOGS=json.dumps(connection))
    made.make()
    yield made, proxy
    made.local("reset")
    proxy.shutdown()
    assert made.what_is_left() == []


def test_both_run(stack: StackUnderTest, second: tuple[StackUnderTest, S3Proxy]) -> None:
    assert len(str(second[0].layout.state / "sockets")) > 90
    for one in (stack, second[0]):
        assert "not healthy" not in one.local("status").stdout


def test_logs_go_to_s3_by_the_connection(second: tuple[StackUnderTest, S3Proxy]) -> None:
    other, proxy = second
    run = other.start("every_minute", "by-connection")
    assert other.finish(run) == "success"
    [task] = [task for task in run.tasks if task.task_id == "tick"]
    other.log_of(run, task, "of Python 3")  # from CloudWatch, as long as it is not in S3
    log = other.log_of(run, task, "s3://")
    assert [line for line in log if line.startswith("s3://")] == [
        "s3://airflow-logs/airflow/dag_id=every_minute/run_id=by-connection/task_id=tick/attempt=1.log"
    ]
    path = "/airflow-logs/airflow/dag_id%3Devery_minute/run_id%3Dby-connection/task_id%3Dtick/attempt%3D1.log"
    signed = {(method, signer) for method, seen, signer in proxy.seen if seen.partition("?")[0] == path}
    assert {("PUT", KEY_ID), ("GET", KEY_ID)} <= signed
    [ran] = other.tasks_of("by-connection")
    assert "AIRFLOW_CONN_AWS_LOGS" not in ran["environment"]


def test_logs_go_to_s3_by_the_role_without_any_connection(stack: StackUnderTest) -> None:
    from airflow_client.client.api.connection_api import ConnectionApi

    assert stack.airflow.all(ConnectionApi(stack.airflow.client).get_connections, "connections") == []
    run = stack.start("every_minute", "by-role")
    assert stack.finish(run) == "success"
    [task] = run.tasks
    stack.log_of(run, task, "of Python 3")
    [ran] = stack.tasks_of("by-role")
    assert not [
        name for name in ran["environment"] if name.startswith(("AWS_ACCESS_KEY", "AWS_SECRET", "AIRFLOW_CONN"))
    ]
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in ran["environment"]


def test_db_clean_deletes_what_is_old(second: tuple[StackUnderTest, S3Proxy]) -> None:
    """Last of this file: DAYS=0 forgets every run that has begun."""
    other, _ = second
    clean = (sys.executable, "-m", "infra.local.clean")
    assert other.finish(other.start("every_minute", "old")) == "success"
    other.run(*clean)
    assert "old" in run_ids(other)
    other.run(*clean, "0")
    assert "old" not in run_ids(other)
    refused = other.run(*clean, "-1", check=False)
    assert (refused.returncode, refused.stderr) == (
        2,
        "error: DAYS=-1 is not a whole number of days, such as 90\n",
    )


def run_ids(stack: StackUnderTest) -> list[str]:
    from airflow_client.client.api.dag_run_api import DagRunApi
    from airflow_client.client.exceptions import NotFoundException

    api = DagRunApi(stack.airflow.client)
    with contextlib.suppress(NotFoundException):  # DAYS=0 also forgets the DAG, until it is parsed again
        return [run.dag_run_id for run in stack.airflow.all(api.get_dag_runs, "dag_runs", "every_minute")]
    return []
