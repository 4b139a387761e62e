"""S3, ECS and CloudWatch Logs as a worker leaves them behind."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

GROUP, FAMILY, LOGS = "/airflow/worker", "airflow-worker", "logs"
ARN = "arn:aws:ecs:ap-northeast-2:123456789012:task/airflow/0123456789abcdef0123456789abcdef"
STREAM = "worker/airflow/0123456789abcdef0123456789abcdef"


class Leftovers:
    """Writes what a container would have written to ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.logs, self.s3, self.ecs = map(self._client, ("logs", "s3", "ecs"))

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, region_name="ap-northeast-2", endpoint_url=self.url, **keys)

    def make(self) -> None:
        """Make the group, the bucket and the worker's definition, in an account that has nothing else."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()
        self.logs.create_log_group(logGroupName=GROUP)
        self.s3.create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        options = {"awslogs-group": GROUP, "awslogs-region": "ap-northeast-2", "awslogs-stream-prefix": "worker"}
        logs = {"logDriver": "awslogs", "options": options}
        container = {"name": "airflow", "image": "x", "memory": 512, "logConfiguration": logs}
        self.ecs.register_task_definition(family=FAMILY, containerDefinitions=[container])

    def say(self, *messages: str, at: int) -> None:
        """Write messages to the container's stream, at a time in milliseconds."""
        self.logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        events = [{"timestamp": at, "message": message} for message in messages]
        for first in range(0, len(events), 10_000):
            some = events[first : first + 10_000]
            self.logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=some)

    def upload(self, path: str, *lines: str) -> None:
        """Put a log into S3, as a worker does at its end."""
        self.s3.put_object(Bucket=LOGS, Key=f"airflow/{path}", Body="".join(f"{line}\n" for line in lines).encode())


def line(event: str, second: float, **fields: Any) -> str:
    """Return a line as a worker writes it, ``second`` seconds after noon."""
    return json.dumps({"timestamp": f"2020-01-01T12:00:{second:09.6f}Z", "level": "info", "event": event, **fields})


def server() -> Iterator[Leftovers]:
    """Serve AWS for a module of tests."""
    serving = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    serving.start()
    yield Leftovers("http://{}:{}".format(*serving.get_host_and_port()))
    serving.stop()


def left_behind(made: Leftovers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leftovers]:
    """Let our code find the AWS of a test, and nothing that it remembers from another."""
    from fargate import log_streams

    monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
    monkeypatch.setenv("AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID", "")
    made.make()
    yield made
    log_streams.worker_group.cache_clear()
    log_streams._client.cache_clear()
