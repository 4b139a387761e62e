"""An Airflow api-server as far as the scripts use it, on a port of 127.0.0.1. A test sets what it holds."""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.scripts import answers

Reply = tuple[int, Any]
DROP: Reply = (0, None)  # hang up without a word


class AirflowServer:
    """``faults`` are the next answers to requests whose "METHOD path" the given pattern finds."""

    def __init__(self) -> None:
        self.dags: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.states: list[str] = ["success"]  # of a run, one a look; the last one stays
        self.tasks: list[dict[str, Any]] = []
        self.logs: dict[tuple[str, int], Any] = {}
        self.xcoms: dict[str, Any] = {}
        self.faults: list[tuple[str, Reply]] = []
        self.requests: list[tuple[str, Any]] = []
        self.tokens: list[str] = []
        self.password = "admin"
        self.release: str | None = None  # that runs are pinned to
        self._http: ThreadingHTTPServer | None = None
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, after a stop on the same port as before."""
        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def asked(self, pattern: str) -> list[Any]:
        """Return the bodies of the requests that a pattern finds."""
        return [body for line, body in self.requests if re.search(pattern, line)]

    def answer(self, line: str, query: dict[str, list[str]], body: Any, token: str) -> Reply:
        self.requests.append((line, body))
        for number, (pattern, reply) in enumerate(self.faults):
            if re.search(pattern, line):
                del self.faults[number]
                return reply
        if line == "POST /auth/token":
            return self._login(body)
        if token not in self.tokens:
            return 401, {"detail": "Invalid JWT token"}
        for pattern, function in ROUTES.items():
            if found := re.fullmatch(pattern, line):
                return function(self, *(unquote(part) for part in found.groups()), query=query, body=body)
        return 404, {"detail": f"Not Found: {line}"}

    def _login(self, body: Any) -> Reply:
        if body.get("password") != self.password:
            return 401, {"detail": "Invalid credentials"}
        self.tokens.append(f"token-{len(self.tokens)}")
        return 201, {"access_token": self.tokens[-1]}

    def list_dags(self, **_: Any) -> Reply:
        return 200, {"dags": list(self.dags.values()), "total_entries": len(self.dags)}

    def dag(self, dag_id: str, body: Any = None, **_: Any) -> Reply:
        if dag_id not in self.dags:
            return 404, {"detail": f"The Dag with ID: `{dag_id}` was not found"}
        self.dags[dag_id] |= body or {}
        return 200, self.dags[dag_id]

    def trigger(self, dag_id: str, body: Any = None, **_: Any) -> Reply:
        run_id = body["dag_run_id"]
        if run_id in self.runs:
            return 409, {"detail": {"reason": "Unique constraint violation", "orig_error": "duplicate key"}}
        self.runs[run_id] = {**answers.run(dag_id, run_id, "queued", body["conf"]), "bundle_version": self.release}
        return 200, self.runs[run_id]

    def run(self, dag_id: str, run_id: str, **_: Any) -> Reply:
        if run_id not in self.runs:
            return 404, {"detail": f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found"}
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        self.runs[run_id]["state"] = state
        return 200, self.runs[run_id]

    def list_tasks(self, dag_id: str, run_id: str, query: Any = None, **_: Any) -> Reply:
        first, limit = int(query["offset"][0]), int(query["limit"][0])
        assert limit <= 100, "the API refuses larger pages"
        return 200, {"task_instances": self.tasks[first : first + limit], "total_entries": len(self.tasks)}

    def log(self, dag_id: str, run_id: str, task_id: str, number: str, query: Any = None, **_: Any) -> Reply:
        content = self.logs.get((task_id, int(query.get("map_index", ["-1"])[0])))
        if content is None:
            return 404, {"detail": "TaskInstance not found"}
        return 200, {"content": content, "continuation_token": None}

    def list_xcoms(self, dag_id: str, run_id: str, task_id: str, **_: Any) -> Reply:
        found = [answers.xcom(task_id, "return_value")] if task_id in self.xcoms else []
        entries = [{name: value for name, value in entry.items() if name != "value"} for entry in found]
        return 200, {"xcom_entries": entries, "total_entries": len(entries)}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str, **_: Any) -> Reply:
        return 200, answers.xcom(task_id, key, self.xcoms[task_id])


RUN = r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)"
ROUTES: dict[str, Callable[..., Reply]] = {
    r"GET /api/v2/dags": AirflowServer.list_dags,
    r"GET /api/v2/dags/([^/]+)(?:/details)?": AirflowServer.dag,
    r"PATCH /api/v2/dags/([^/]+)": AirflowServer.dag,
    r"POST /api/v2/dags/([^/]+)/dagRuns": AirflowServer.trigger,
    rf"GET {RUN}": AirflowServer.run,
    rf"GET {RUN}/taskInstances": AirflowServer.list_tasks,
    rf"GET {RUN}/taskInstances/([^/]+)/logs/(\d+)": AirflowServer.log,
    rf"GET {RUN}/taskInstances/([^/]+)/xcomEntries": AirflowServer.list_xcoms,
    rf"GET {RUN}/taskInstances/([^/]+)/xcomEntries/([^/]+)": AirflowServer.xcom,
}


def _handler(server: AirflowServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, reply = server.answer(f"{self.command} {url.path}", parse_qs(url.query), body, token)
            if not status:
                self.close_connection = True
                return
            payload = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(reply, bytes) else "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PATCH = _serve

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
