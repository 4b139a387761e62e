"""What a stack sends by StatsD, taken in."""

import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class StatsD:
    """A port that takes metrics: ``taken`` has the values of each name, with the letters of its type."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.taken: dict[str, list[tuple[float, str]]] = defaultdict(list)

    @contextmanager
    def listening(self) -> Iterator["StatsD"]:
        thread = threading.Thread(target=self._listen, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._socket.sendto(b"", self._socket.getsockname())  # an empty one is the last
            thread.join()
            self._socket.close()

    def _listen(self) -> None:
        while datagram := self._socket.recv(65536):
            for line in datagram.decode().splitlines():
                name, _, measured = line.partition(":")
                value, _, kind = measured.partition("|")
                self.taken[name].append((float(value), kind.split("|")[0]))
