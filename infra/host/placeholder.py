"""Answer on port 443 that no release is deployed, with a certificate that was made for it.

Load balancers take the host for healthy; else they would replace it before the first deploy. They
talk HTTPS and check no name. People read why there is nothing.
"""

import os
import ssl
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

HEALTHY = ("/api/v2/version", "/execution/health")
TEXT = b"No release of Airflow is deployed on this host yet.\n"


class Placeholder(BaseHTTPRequestHandler):
    """200 for the load balancers' health checks, 503 for all others, with the same text."""

    timeout = 10

    def do_GET(self) -> None:
        self.send_response(200 if self.path in HEALTHY else 503)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the health checks would fill the journal."""


class Server(ThreadingTCPServer):
    """http.server's own would look up this machine's name first."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    folder = os.environ["RUNTIME_DIRECTORY"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem"))
    server = Server(("", 443), Placeholder)
    # the handshake in the thread of its connection: a client that is silent holds up nobody
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
