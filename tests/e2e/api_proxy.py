"""What stands before the api-server, as nginx does, and answers 502 when told to."""

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

HOP = ("connection", "transfer-encoding", "content-length", "date", "server")


class ApiProxy(http.server.ThreadingHTTPServer):
    """Forwards to ``target`` while it is open; remembers what it refused while it was not."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Forward)
        self.target = urlsplit(target).netloc
        self.open = True
        self.refused: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def running(self) -> Iterator["ApiProxy"]:
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class Forward(http.server.BaseHTTPRequestHandler):
    server: ApiProxy

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        onward = http.client.HTTPConnection(self.server.target)
        try:
            if not self.server.open:
                raise ConnectionRefusedError
            onward.request(self.command, self.path, body, dict(self.headers))
            answer = onward.getresponse()
            self.answer(answer.status, answer.getheaders(), answer.read())
        except OSError:
            self.server.refused.append(f"{self.command} {self.path.rpartition('/')[2]}")
            self.answer(502, [("Content-Type", "text/html")], b"<h1>502 Bad Gateway</h1>")
        finally:
            onward.close()

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = forward

    def log_message(self, *_: object) -> None:
        pass
