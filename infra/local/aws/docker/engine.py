"""A Docker engine's HTTP API on its Unix socket: the few calls that tasks need, without a package for them.

https://docs.docker.com/reference/api/engine/
"""

import http.client
import json
import os
import socket
from typing import Any
from urllib.parse import urlencode

SOCKET = "unix:///var/run/docker.sock"
ANSWER_S = 120
GET_ONE = (
    "Install one (Debian, Ubuntu: apt install docker.io) and be root or of the group docker, or name "
    "another by DOCKER_HOST=unix:///PATH. RUNTIME=process needs none."
)


class NoEngine(RuntimeError):
    """There is no Docker engine to be used; the message says how to get one."""


class EngineError(RuntimeError):
    """What the engine refused, in its words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Engine:
    """One engine, by the address that DOCKER_HOST would have. Safe to use from several threads."""

    def __init__(self, address: str = "") -> None:
        self.address = address or os.environ.get("DOCKER_HOST") or SOCKET
        if not self.address.startswith("unix://"):
            raise NoEngine(f"DOCKER_HOST is {self.address}: tasks need an engine of this machine. {GET_ONE}")
        try:
            ping = self._send("GET", "/_ping", None, {}, 10)
        except OSError as error:
            raise NoEngine(
                f"no Docker engine answers at {self.address} ({error.strerror or error}). {GET_ONE}"
            ) from error
        self._version = f"/v{ping.getheader('Api-Version')}"
        ping.read()

    def call(self, method: str, path: str, body: Any = None, *, auth: str = "", **query: Any) -> Any:
        """Return the answer of one call, parsed; of one that reports progress line by line, all the lines."""
        with self.stream(method, path, body, auth=auth, timeout=ANSWER_S, **query) as answer:
            text = answer.read().decode()
        if answer.getheader("Content-Type") != "application/json" or not text:
            return text
        parsed = [json.loads(line) for line in text.splitlines()]
        return parsed[0] if len(parsed) == 1 else parsed

    def stream(
        self, method: str, path: str, body: Any = None, *, auth: str = "", timeout: float | None = None, **query: Any
    ) -> http.client.HTTPResponse:
        """Return an answer that goes on for as long as the engine has something to say.

        :raises EngineError: when it is a refusal
        """
        url = f"{self._version}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        answer = self._send(method, url, body, {"X-Registry-Auth": auth} if auth else {}, timeout)
        if answer.status >= 400:
            raise EngineError(answer.status, _message(answer.read()))
        return answer

    def _send(
        self, method: str, url: str, body: Any, headers: dict[str, str], timeout: float | None
    ) -> http.client.HTTPResponse:
        connection = _Connection(self.address.removeprefix("unix://"), timeout)
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body)
        # the connection is of this call alone: its socket is closed with the answer
        connection.request(method, url, payload, {"Content-Type": "application/json", "Connection": "close", **headers})
        return connection.getresponse()


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _message(body: bytes) -> str:
    text = body.decode(errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()
