"""A port under another address."""

import socket
import threading
from collections.abc import Iterator

import pytest

from infra.local import relay

ADDRESS = "127.0.0.2"


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets, and at the end of that how much it was."""

    def serve(connection: socket.socket) -> None:
        total = 0
        while data := connection.recv(2**16):
            total += len(data)
            connection.sendall(data)
        connection.sendall(b"=%d" % total)
        connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def test_what_is_sent_arrives_on_both_sides_whole(echo: int) -> None:
    relay.start(ADDRESS, echo)
    sent = bytes(range(256)) * 4000
    connections = [socket.create_connection((ADDRESS, echo), timeout=10) for _ in range(3)]
    for connection in connections:
        threading.Thread(target=send, args=(connection, sent), daemon=True).start()
    for connection in connections:
        assert received(connection) == sent + b"=%d" % len(sent)


def send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def received(connection: socket.socket) -> bytes:
    parts = []
    while data := connection.recv(2**16):
        parts.append(data)
    return b"".join(parts)


def test_a_server_that_is_away_is_a_connection_that_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    relay.start(ADDRESS, port)
    with socket.create_connection((ADDRESS, port), timeout=10) as connection:
        assert received(connection) == b""
