"""The figures that the benchmark of the executor makes of events, of OTLP and of processes."""

import json
import subprocess
import sys
import urllib.request
from typing import Any

import psutil
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Metric,
    ResourceMetrics,
    ScopeMetrics,
)

from infra.local.aws.faults import CALLS, LAUNCHES
from scripts.executor_bench import consumption, launches, meter

QUOTAS = ({"burst": LAUNCHES.burst, "rate": LAUNCHES.rate}, {"burst": CALLS.burst, "rate": CALLS.rate})


@pytest.mark.parametrize(("count", "seconds"), [(1, 0), (20, 0), (21, 0.05), (300, 14), (5000, 249)])
def test_the_floor_of_the_quotas(count: int, seconds: float) -> None:
    assert launches.floor_s(count, QUOTAS) == pytest.approx(seconds)


def test_the_slower_quota_makes_the_floor() -> None:
    assert launches.floor_s(300, ({"burst": 100, "rate": 20}, None)) == 10
    assert launches.floor_s(300, (None, None)) == 0


def call(answered: float | None, started: list[str], error: str | None = None) -> dict[str, Any]:
    return {"kind": "call", "action": "RunTask", "answered": answered, "started": started, "error": error}


EVENTS = [
    call(10.0, ["a"]),
    {"kind": "status", "task": "a", "status": "PENDING"},
    call(12.0, [], "Rate exceeded"),
    {**call(99.0, []), "action": "DescribeTasks"},
    call(11.5, ["b"]),
    call(None, []),  # not answered yet
]


def test_what_the_events_say() -> None:
    assert launches.started(EVENTS) == ["a", "b"]
    assert launches.refused(EVENTS) == 1
    assert launches.last_launch(EVENTS) == 11.5


def by_tags(index: int) -> dict[str, Any]:
    return {"tags": {"map_index": str(index)}, "command": ["python", "-m", "fargate.worker", "s3://bucket/key"]}


def by_command(index: int) -> dict[str, Any]:
    return {"tags": {}, "command": ["python", "--json-string", json.dumps({"ti": {"map_index": index}})]}


@pytest.mark.parametrize("task", [by_tags, by_command])
def test_a_task_that_was_started_twice_is_found(task: Any) -> None:
    assert launches.doubled([task(0), task(1), task(2)]) == 0
    assert launches.doubled([task(0), task(1), task(1), task(1), task(0)]) == 3


@pytest.mark.parametrize(("counts", "share"), [([(300,)], 0), ([(450,), (150,)], 0.25), ([(1,), (1,)], 0.5)])
def test_the_share_of_the_scheduler_that_had_fewer(counts: list[tuple[int]], share: float) -> None:
    assert launches.least_share(counts) == share


def otlp(name: str, executor: str, at: float, durations: list[float]) -> bytes:
    """Return what Airflow's exporter sends; ``durations`` are milliseconds."""
    point = ExponentialHistogramDataPoint(
        time_unix_nano=int(at * 1e9), count=len(durations), sum=sum(durations), max=max(durations)
    )
    if executor:
        point.attributes.append(KeyValue(key="executor", value=AnyValue(string_value=executor)))
    metric = Metric(name=name, exponential_histogram=ExponentialHistogram(data_points=[point]))
    scope = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=[metric])])
    return ExportMetricsServiceRequest(resource_metrics=[scope]).SerializeToString()


def test_the_meter_takes_what_is_sent_to_it() -> None:
    with meter.Meter() as receiver:
        url = meter.export_to(receiver.port)["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]
        body = otlp(f"airflow.{meter.LOOP}", "", 100, [200, 400])
        with urllib.request.urlopen(urllib.request.Request(url, body, method="POST"), timeout=5) as answer:
            assert answer.status == 200
    assert receiver.taken == [meter.Durations(meter.LOOP, "", 100, 2, 0.6, 0.4)]


def test_the_mean_and_the_longest_in_a_time() -> None:
    sent = [
        otlp(f"airflow.{meter.HEARTBEAT}", "Ours", 100, [100, 300]),
        otlp(f"airflow.{meter.HEARTBEAT}", "LocalExecutor", 100, [9000]),
        otlp(f"airflow.{meter.LOOP}", "", 100, [8000]),
        otlp(f"airflow.{meter.HEARTBEAT}", "Ours", 101, [800]),
        otlp(f"airflow.{meter.HEARTBEAT}", "Ours", 150, [7000]),
    ]
    taken = [durations for body in sent for durations in meter.read(body)]
    assert meter.within(taken, meter.HEARTBEAT, 99, 120) == (pytest.approx(0.4), 0.8)
    assert meter.within(taken, meter.HEARTBEAT, 200, 300) == (0, 0)


def test_the_cores_that_each_part_kept_busy() -> None:
    samples = [
        consumption.Sample(100 + second, {"scheduler": second * 0.5, "machine": second * 1.5}, 200 + second)
        for second in range(10)
    ]
    used = consumption.cores(samples, 102, 106)
    assert used == {"scheduler": pytest.approx(0.5), "machine": pytest.approx(1.5), "others": pytest.approx(1.0)}
    assert consumption.peak_mib(samples, 102, 106) == 206
    assert consumption.cores(samples, 500, 510) == {}


PARENT = """
import subprocess, sys
child = "taken = b'x' * (50 * 2**20); print('ready', flush=True); input()"
subprocess.run([sys.executable, "-c", child])
"""


def test_a_process_is_measured() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        measured = consumption.sample({"scheduler": psutil.Process(process.pid)})
        process.communicate(b"\n")
    assert measured.cpu["scheduler"] > 0
    assert measured.cpu["bench"] > 0
    assert 50 < measured.memory < 50 + 2 * 20, "the child's 50 MiB, and two interpreters"
