"""A worker as a process: S3, an Execution API, and a container's environment, beside Airflow's own command."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from fargate import payloads, worker
from infra.local.layout import ROOT
from infra.local.processes import end_all, in_folder
from tests.plugins.fargate import certificate
from tests.plugins.fargate.execution_api import ExecutionApi

REGION = "ap-northeast-2"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
ID = "0198c0de-0000-7000-8000-000000000001"
TOKEN = "the-token-of-the-workload"
STOCK = "airflow.sdk.execution_time.execute_workload"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@dataclass
class Bench:
    """What a container has around it. ``extra`` goes into its environment."""

    aws: str
    folder: Path
    api: ExecutionApi
    extra: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def s3(self) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client("s3", endpoint_url=self.aws, region_name=REGION, **keys)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT / "plugins"),
            **KEYS,
            "AWS_ENDPOINT_URL": self.aws,
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.folder / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": self.api.url,
            "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
            "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID": "",
            "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": "s3://logs/airflow",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.folder / "logs"),
            **self.extra,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        out: Any = subprocess.PIPE
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(
            command, env=self.environment, cwd=self.folder, stdout=out, stderr=subprocess.STDOUT, text=True
        )
        self.started.append(process)
        return process

    def finish(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code and the output of a command."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def ours(self, task: str, **changes: Any) -> list[str]:
        uri = payloads.put(self.s3, "payloads", "key", {"workload": workload(task, **changes), "request": {}})
        return ["fargate.worker", uri]

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log in S3, and delete it."""
        [entry] = self.s3.list_objects_v2(Bucket="logs")["Contents"]
        text = self.s3.get_object(Bucket="logs", Key=entry["Key"])["Body"].read().decode()
        self.s3.delete_object(Bucket="logs", Key=entry["Key"])
        return [json.loads(line) for line in text.splitlines()]


def workload(task: str, map_index: int = -1, **changes: Any) -> dict[str, Any]:
    ti = {"id": ID, "task_id": task, "dag_id": "tests", "run_id": "r", "try_number": 1, "dag_version_id": ID}
    ti |= {"map_index": map_index, "pool_slots": 1, "priority_weight": 1, "queue": "default", "context_carrier": {}}
    return {
        "token": TOKEN,
        "ti": ti,
        "dag_rel_path": "worker_dag.py",
        "bundle_info": {"name": "dags-folder", "version": None},
        "log_path": "tests.log",
        "sentry_integration": "",
        "type": "ExecuteTask",
        **changes,
    }


@pytest.fixture
def bench(aws: str, tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "dags").mkdir()
    shutil.copy(Path(__file__).with_name("worker_dag.py"), tmp_path / "dags")
    made = Bench(aws, tmp_path, ExecutionApi())
    # the account is the process's: other modules have left their buckets in it
    urllib.request.urlopen(urllib.request.Request(f"{aws}/moto-api/reset", method="POST")).close()
    for bucket in ("logs", "payloads"):
        made.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield made
    end_all(in_folder(tmp_path))  # those of a test that failed
    for process in made.started:
        process.wait()
    made.api.close()
    for bucket in ("logs", "payloads"):
        for entry in made.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            made.s3.delete_object(Bucket=bucket, Key=entry["Key"])
        made.s3.delete_bucket(Bucket=bucket)


def asked(calls: list[tuple[str, str, Any]]) -> list[tuple[str, str]]:
    return [(method, part) for method, part, _ in calls if not part.endswith("/heartbeat")]


def lines(said: str) -> list[dict[str, Any]]:
    """Return the lines of JSON on stdout; anything else would be lost among them."""
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize(("task", "map_index"), [("hello", -1), ("fails", -1), ("mapped", 1), ("secret", -1)])
def test_a_task_does_what_it_does_with_airflows_own_command(bench: Bench, task: str, map_index: int) -> None:
    stock = bench.finish(STOCK, "--json-string", json.dumps(workload(task, map_index)))
    expected, expected_log = asked(bench.api.calls), bench.log()
    assert stock[0] == 0
    assert expected[0] == ("PATCH", f"task-instances/{ID}/run")
    end = {key: value for key, value in bench.api.last_state().items() if key != "end_date"}

    bench.api.calls.clear()
    code, said = bench.finish(*bench.ours(task, map_index=map_index))
    assert code == 0
    assert asked(bench.api.calls) == expected
    assert {key: value for key, value in bench.api.last_state().items() if key != "end_date"} == end
    assert shape(bench.log()) == shape(expected_log)
    assert set(shape(expected_log)) <= set(shape(lines(said))), "the log is not on stdout as well"
    assert TOKEN not in said
    assert bench.s3.list_objects_v2(Bucket="payloads")["KeyCount"] == 0


def shape(log: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what is the same in two logs of a task, in an order that does not depend on the clock."""
    same = [(line["event"], line["level"], line["logger"], "error_detail" in line) for line in log]
    return sorted(entry for entry in same if "ms" not in entry[0].split())


def test_secrets_are_masked_on_stdout_and_in_s3(bench: Bench) -> None:
    code, said = bench.finish(*bench.ours("secret"))
    assert code == 0
    for text in (said, json.dumps(bench.log())):
        assert "the password is ***" in text
        assert "not-for-the-log" not in text


def test_a_label_of_a_mapped_task_is_reported(bench: Bench) -> None:
    assert bench.finish(*bench.ours("mapped", map_index=1))[0] == 0
    assert bench.api.last_state()["rendered_map_index"] == "city Newark"


def test_the_source_of_a_task_can_be_had_though_libcst_was_postponed(bench: Bench) -> None:
    code, said = bench.finish(*bench.ours("source"))
    assert code == 0
    assert bench.api.last_state()["state"] == "success"
    printed = [line["event"] for line in lines(said) if line["logger"] == "task.stdout"]
    assert "def elsewhere():" in printed
    assert not [line for line in printed if "@task" in line]


def test_sigterm_reaches_on_kill(bench: Bench) -> None:
    process = bench.start(*bench.ours("long"))
    wait_for(process, "at work")
    time.sleep(1)  # the supervisor hangs when the signal comes while it writes a line (also Airflow's own command)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert "cleaned up" in said
    assert (process.returncode, bench.api.last_state()["state"]) == (0, "success")


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"it ended without {text!r}")


def test_the_end_of_a_task_is_noticed_at_once(bench: Bench) -> None:
    """Five times, as Airflow alone waits for a heartbeat, 5 s, in about one of two."""
    for _ in range(5):
        code, said = bench.finish(*bench.ours("hello"))
        assert code == 0
        [duration] = [line["duration"] for line in lines(said) if line["event"] == "Workload finished"]
        assert duration < 4


@pytest.mark.parametrize("times", [1, 2])
def test_a_payload_runs_once(bench: Bench, times: int) -> None:
    command = bench.ours("hello")
    codes = [bench.finish(*command)[0] for _ in range(times)]
    assert codes == [0, worker.PAYLOAD_GONE][:times]
    assert [part for _, part in asked(bench.api.calls)].count(f"task-instances/{ID}/run") == 1


def test_a_payload_that_stays_is_a_warning_in_the_output(bench: Bench) -> None:
    command = bench.ours("hello")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::payloads/*"}
    bench.s3.put_bucket_policy(Bucket="payloads", Policy=json.dumps({"Statement": [statement]}))
    code, said = bench.finish(*command)
    bench.s3.delete_bucket_policy(Bucket="payloads")
    assert (code, bench.api.last_state()["state"]) == (0, "success")
    [warning] = [line["event"] for line in lines(said) if line["logger"] == "fargate.payloads"]
    assert warning.startswith("payloads was read but not deleted")


def test_who_finds_no_payload_says_why_without_the_key(bench: Bench) -> None:
    code, said = bench.finish("fargate.worker", "s3://payloads/unguessable")
    assert code == worker.PAYLOAD_GONE
    [line] = [line for line in lines(said) if line["level"] == "error"]
    assert line["reason"].startswith("the payload is not in payloads any more: it was read before, or has expired")
    assert "unguessable" not in said


def test_a_refused_start_is_an_exit_code_and_no_token(bench: Bench) -> None:
    bench.api.refuses = True
    code, said = bench.finish(*bench.ours("hello"))
    assert code == 1
    assert "it runs already" in said
    assert TOKEN not in said


@pytest.mark.parametrize(("told", "expected"), [(True, 0), (False, 1)])
def test_a_private_authority_is_trusted_by_a_worker_that_is_told_of_it(bench: Bench, told: bool, expected: int) -> None:
    path, pem = certificate.make(bench.folder)
    bench.api.close()
    bench.api = ExecutionApi(path)
    bench.extra = {"AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "1", "EXECUTION_API_CA": pem if told else ""}
    code, said = bench.finish(*bench.ours("hello"))
    assert code == expected
    assert bool(bench.api.calls) == told
    assert ("CERTIFICATE_VERIFY_FAILED" in said) != told


def test_what_is_no_workload_is_an_error_without_its_values(bench: Bench) -> None:
    code, said = bench.finish(*bench.ours("hello", type="Unknown"))
    assert code == 1
    assert "IllegalWorkload" in said
    assert TOKEN not in said


@pytest.mark.parametrize("arguments", [[], ["-h"], ["a", "b"], ["bucket/key"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert worker.main(arguments) == worker.USAGE
    assert "usage: python -m fargate.worker s3://BUCKET/KEY" in capsys.readouterr().err


def test_a_workload_that_is_no_task_is_run_as_airflow_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.executors.base_executor import BaseExecutor

    ran: list[Any] = []
    monkeypatch.setattr(BaseExecutor, "run_workload", lambda workload, **options: ran.append((workload, options)))
    callback = {"id": ID, "fetch_method": "import_path", "data": {"path": "a.b", "kwargs": {}}}
    body = {key: value for key, value in workload("-").items() if key not in ("ti", "sentry_integration")}
    worker.as_airflow_does(body | {"type": "ExecuteCallback", "callback": callback})()
    [(made, options)] = ran
    assert (type(made).__name__, options) == ("ExecuteCallback", {"subprocess_logs_to_stdout": True})
