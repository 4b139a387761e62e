"""What the scheduler measures of itself, taken from it by OTLP: the durations of its loops and heartbeats."""

import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

LOOP = "scheduler.scheduler_loop_duration"
HEARTBEAT = "scheduler.executor_heartbeat_duration"
EVERY_MS = 1000


def export_to(port: int) -> dict[str, str]:
    """Return the settings that make Airflow send these two durations to this port each second."""
    return {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "AIRFLOW__METRICS__METRICS_ALLOW_LIST": f"{LOOP},{HEARTBEAT}",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"http://127.0.0.1:{port}/v1/metrics",
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
        "OTEL_METRIC_EXPORT_INTERVAL": str(EVERY_MS),
    }


@dataclass(frozen=True)
class Durations:
    """How often something took how long, up to ``at`` (Unix seconds); durations are in seconds."""

    name: str
    executor: str
    at: float
    count: int
    total: float
    longest: float


def read(body: bytes) -> list[Durations]:
    """Return the durations of one OTLP request."""
    request = ExportMetricsServiceRequest.FromString(body)
    scopes = (scope for resource in request.resource_metrics for scope in resource.scope_metrics)
    return [
        _durations(metric.name, point)
        for scope in scopes
        for metric in scope.metrics
        for point in metric.exponential_histogram.data_points
    ]


def _durations(name: str, point: Any) -> Durations:
    tags = {attribute.key: attribute.value.string_value for attribute in point.attributes}
    at, in_seconds = point.time_unix_nano / 1e9, 1000
    total, longest = point.sum / in_seconds, point.max / in_seconds
    return Durations(name.removeprefix("airflow."), tags.get("executor", ""), at, point.count, total, longest)


def within(durations: Iterable[Durations], name: str, since: float, until: float) -> tuple[float, float]:
    """Return the mean and the longest duration of that name, of those sent in this time; 0 without any.

    Of heartbeats those of the executor that is measured count, which is not LocalExecutor.
    """
    end = until + EVERY_MS / 1000
    found = [d for d in durations if d.name == name and d.executor != "LocalExecutor" and since <= d.at <= end]
    count = sum(each.count for each in found)
    mean = sum(each.total for each in found) / count if count else 0.0
    return mean, max((each.longest for each in found), default=0.0)


class Server(ThreadingHTTPServer):
    """A server that is not surprised by the end of who talks to it: schedulers are killed here."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Meter:
    """A receiver of OTLP on a free port of this machine."""

    def __init__(self) -> None:
        self.taken: list[Durations] = []
        self._server = Server(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port

    def __enter__(self) -> "Meter":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                taken.extend(read(self.rfile.read(int(self.headers["Content-Length"]))))
                answer = ExportMetricsServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
