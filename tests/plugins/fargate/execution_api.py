"""The Execution API as far as a worker of these tests uses it, on a port of 127.0.0.1."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WHEN = "2026-01-01T00:00:00Z"
NOTHING = (204, None)


class ExecutionApi:
    """``calls`` are method, path and body of what was asked; ``variables`` are those of Airflow.

    :param certificate: a file with key and certificate; it is HTTPS then
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.variables = {"db_password": "not-for-the-log"}
        self.refuses = False
        api = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, reply = api.reply(self.command, self.path, json.loads(body) if body else None)
                text = json.dumps(reply).encode() if reply is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PATCH = do_POST = do_PUT = do_HEAD = answer

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._http.server_port}/execution/"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def reply(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        part = path.removeprefix("/execution/")
        self.calls.append((method, part, body))
        if part.endswith("/run"):
            return (409, {"detail": "it runs already"}) if self.refuses else (200, context())
        if part.startswith("variables/"):
            key = part.removeprefix("variables/")
            return 200, {"key": key, "value": self.variables[key]}
        if part.startswith("xcoms/") and method == "POST":
            return 201, {"message": "stored"}
        if part.endswith("/rtif"):
            return 201, {"message": "stored"}
        return NOTHING

    def last_state(self) -> dict[str, Any]:
        """Return the last state that a task was reported to be in."""
        return [body for method, part, body in self.calls if method == "PATCH" and part.endswith("/state")][-1]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def context() -> dict[str, Any]:
    """Return the answer to the start of a task."""
    run = {"dag_id": "tests", "run_id": "r", "logical_date": None, "run_after": WHEN, "start_date": WHEN}
    run |= {"data_interval_start": None, "data_interval_end": None, "end_date": None, "partition_key": None}
    run |= {"run_type": "manual", "state": "running", "conf": {}, "consumed_asset_events": [], "clear_number": 0}
    return {"dag_run": run, "max_tries": 0, "should_retry": False, "task_reschedule_count": 0}
