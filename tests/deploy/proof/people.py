"""Callers of the deployment's REST API, who come through nginx by the name that users have."""

import json
import ssl
import urllib.request
from typing import Any

from tests.deploy.host_under_test import DOMAIN, HostUnderTest


class Caller:
    """Logged in, as the account for callers of the REST API if nobody else. ``call`` raises what urllib does."""

    def __init__(self, host: HostUnderTest, name: str = "rest", password: str = "") -> None:
        self._base = f"https://127.0.0.1:{host.https_port}"
        self._name = f"{DOMAIN}:{host.https_port}"
        self._tls = ssl.create_default_context(cafile=str(host.folder / "tls" / "certificate.pem"))
        self._tls.check_hostname = False  # the name is DOMAIN's, the address this machine's
        self.token = ""
        login = {"username": name, "password": password or host.passwords[name]}
        self.token = self.call("POST", "/auth/token", login)["access_token"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(f"{self._base}{path}", method=method)
        request.add_header("Host", self._name)
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(request, data, timeout=60, context=self._tls) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def start(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)

    def state(self, dag_id: str, run_id: str) -> str:
        return str(self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])
