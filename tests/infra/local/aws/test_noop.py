"""The fault ``noop``: no process, but the Execution API hears of a success."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

TASK_INSTANCE = "0198c0de-0000-7000-8000-000000000001"
WORKLOAD = {"token": "first", "ti": {"id": TASK_INSTANCE}}
INLINE = ("python", "-m", "worker", "--json-string", json.dumps(WORKLOAD))
BY_REFERENCE = ("python", "-m", "fargate.worker", "s3://payloads/some/key")


@pytest.fixture
def execution_api():
    """A server that takes what a worker reports; ``status`` is what it answers with."""

    class Handler(BaseHTTPRequestHandler):
        def do_PATCH(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.taken.append((self.path, self.headers["Authorization"], body))
            self.send_response(self.server.status)
            self.send_header("Refreshed-API-Token", "second")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.taken, server.status = [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(cluster, execution_api):
    """Run a worker's command against the Execution API, and return the task after its end."""

    def stopped(*command):
        url = f"http://127.0.0.1:{execution_api.server_port}/execution/"
        environment = [{"name": "AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "value": url}]
        definition = cluster.define(container={"environment": environment})
        return cluster.stopped(*(command or INLINE), definition=definition)

    return stopped


@pytest.fixture
def s3(client):
    """S3 with a payload, and no other object, in the bucket ``payloads``."""
    s3 = client("s3")
    if "payloads" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="payloads", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    s3.put_object(Bucket="payloads", Key="some/key", Body=json.dumps({"workload": WORKLOAD, "request": {}}))
    return s3


@pytest.mark.parametrize("command", [INLINE, BY_REFERENCE])
def test_the_execution_api_hears_of_the_start_and_the_success(run, pages, execution_api, s3, command):
    pages.inject(noop=True)
    task = run(*command)
    [(start, first, running), (end, second, success)] = execution_api.taken
    assert start == f"/execution/task-instances/{TASK_INSTANCE}/run"
    assert end == f"/execution/task-instances/{TASK_INSTANCE}/state"
    assert (first, second) == ("Bearer first", "Bearer second")
    assert (running["state"], success["state"]) == ("running", "success")
    assert running["start_date"] == success["end_date"]
    assert running.keys() == {"state", "hostname", "unixname", "pid", "start_date"}
    assert success.keys() == {"state", "end_date", "task_outlets", "outlet_events"}
    assert (task["containers"][0]["exitCode"], task["stopCode"]) == (0, "EssentialContainerExited")


def test_there_is_no_process(run, pages):
    pages.inject(noop=True)
    audit = pages.task(run()["taskArn"])
    assert (audit["pid"], audit["peak_memory_mib"], audit["cpu_seconds"]) == (None, 0, 0)
    assert [entry["status"] for entry in audit["history"]][-5:] == [
        "RUNNING",
        "DEACTIVATING",
        "STOPPING",
        "DEPROVISIONING",
        "STOPPED",
    ]


def test_a_report_that_is_refused_is_logged_and_ends_the_task(run, pages, execution_api, caplog):
    pages.inject(noop=True)
    execution_api.status = 409
    task = run()
    assert task["containers"][0]["exitCode"] == 0
    assert len(execution_api.taken) == 1
    assert "noop: the Execution API did not take the end of a task" in caplog.text
    assert f"task-instances/{TASK_INSTANCE}/run" in caplog.text
    assert "first" not in caplog.text


def test_a_payload_is_taken_once(run, pages, execution_api, s3, caplog):
    pages.inject(noop=True)
    run(*BY_REFERENCE)
    assert s3.list_objects_v2(Bucket="payloads")["KeyCount"] == 0
    assert len(execution_api.taken) == 2
    task = run(*BY_REFERENCE)
    assert task["containers"][0]["exitCode"] == 0
    assert len(execution_api.taken) == 2
    assert "the payload is not in payloads any more" in caplog.text
    assert "some/key" not in caplog.text
