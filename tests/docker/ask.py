"""One request to nginx as some sender: loopback has many addresses."""

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from tests.docker.proxy import DOMAIN, Proxy

WORKER, STRANGER, LOAD_BALANCER, SELF = "127.0.0.2", "127.0.0.3", "127.0.0.9", "127.0.0.1"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(
    proxy: Proxy,
    path: str,
    method: str = "GET",
    sender: str = SELF,
    host: str = DOMAIN,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Reply:
    """Ask by HTTPS; the path is sent as it is spelled."""
    connection = connect(proxy, sender)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host, "Content-Length": str(len(body)), **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return _reply(connection)
    finally:
        connection.close()


def connect(proxy: Proxy, sender: str = SELF, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    context = context or any_certificate()
    connection = http.client.HTTPSConnection("127.0.0.1", proxy.ports["HTTPS_PORT"], timeout=30)
    raw = socket.create_connection(("127.0.0.1", proxy.ports["HTTPS_PORT"]), 30, source_address=(sender, 0))
    connection.sock = context.wrap_socket(raw, server_hostname=DOMAIN)
    return connection


def any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ask_http(proxy: Proxy, path: str, host: str = DOMAIN, sender: str = SELF) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.ports["HTTP_PORT"], 10, source_address=(sender, 0))
    try:
        connection.request("GET", path, headers={"Host": host})
        return _reply(connection)
    finally:
        connection.close()


def _reply(connection: http.client.HTTPConnection) -> Reply:
    answer = connection.getresponse()
    text = answer.read().decode()
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
