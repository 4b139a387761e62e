"""Tell CloudWatch how old the scheduler's last heartbeat is, as the api-server of this host says.

Runs each minute with the system's Python (3.9, standard library only). Where there is no answer
it puts nothing and fails: the alarm counts missing figures as bad ones.
"""

import calendar
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time

PATH = "/api/v2/monitor/health"
PORT = 443
TIMEOUT_S = 10


class NoHeartbeat(Exception):
    """The api-server did not answer, or knows of no scheduler."""


def main() -> int:
    try:
        age = heartbeat_age(health(os.environ["DOMAIN_NAME"]), time.time())
    except NoHeartbeat as error:
        print(f"heartbeat: {error}", file=sys.stderr)
        return 1
    return subprocess.run(metric_command(os.environ["METRIC_NAMESPACE"], age), check=False).returncode


def health(domain: str) -> bytes:
    """Ask nginx on this host, by the deployment's name."""
    # the certificate is that of the name, perhaps of a private CA; this connection does not leave the host
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(domain, timeout=TIMEOUT_S)
    try:
        raw = socket.create_connection(("127.0.0.1", PORT), timeout=TIMEOUT_S)
        connection.sock = context.wrap_socket(raw, server_hostname=domain)
        connection.request("GET", PATH)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoHeartbeat(f"no answer on port {PORT} of this host: {error}")
    finally:
        connection.close()
    if answer.status != 200:
        raise NoHeartbeat(f"{PATH} answered {answer.status}: {body[:100].decode(errors='replace').strip()}")
    return body


def heartbeat_age(body: bytes, now: float) -> int:
    """Return the seconds since the latest heartbeat of any scheduler."""
    try:
        latest = json.loads(body)["scheduler"]["latest_scheduler_heartbeat"]
    except (ValueError, KeyError, TypeError):
        raise NoHeartbeat(f"{PATH} answered something else than the health of Airflow")
    if not latest:
        raise NoHeartbeat("no scheduler has run yet")
    # UTC, as 2026-01-31T12:00:00.123456+00:00 or with a Z
    return max(0, round(now - calendar.timegm(time.strptime(latest[:19], "%Y-%m-%dT%H:%M:%S"))))


def metric_command(namespace: str, age: int) -> list[str]:
    metric = ["--metric-name", "SchedulerHeartbeatAge", "--unit", "Seconds", "--value", str(age)]
    return ["aws", "cloudwatch", "put-metric-data", "--namespace", namespace, *metric]


if __name__ == "__main__":
    sys.exit(main())
