"""The emulated AWS as a server on 127.0.0.1."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from moto import backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from infra.local.aws.control import Control
from infra.local.aws.ecs_api import EcsApi
from infra.local.aws.fargate import Fargate
from infra.local.aws.runtime import Runtime
from infra.local.aws.s3_files import S3Files

HOST = "127.0.0.1"


class QuietHandler(MotoRequestHandler):
    """Answers without a log line each; ``/_fargate/events`` has them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class AwsServer:
    """The server, its Fargate and its files below ``folder``: one a process, as moto is.

    Port 0 takes any free one. ``listen`` has addresses besides 127.0.0.1, of the same port.
    """

    def __init__(
        self, folder: Path, region: str, port: int = 0, runtime: Runtime | None = None, listen: Sequence[str] = ()
    ) -> None:
        modules = tuple(backends.list_of_moto_modules())
        backends.list_of_moto_modules = lambda: modules  # moto would list its folder for each request
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.fargate = Fargate(folder / "tasks", runtime)
        self.files = S3Files(folder / "s3", region)
        self.api = EcsApi(self.fargate)
        self.api.install()
        self._control = Control(DomainDispatcherApplication(create_backend_app), self.fargate)
        first = self._listen(HOST, port)
        self._servers = [first, *(self._listen(address, first.server_port) for address in listen)]
        self.url = f"http://{HOST}:{first.server_port}"
        self._threads = [threading.Thread(target=one.serve_forever, daemon=True) for one in self._servers]

    def _listen(self, address: str, port: int) -> BaseWSGIServer:
        return make_server(address, port, self._control, threaded=True, request_handler=QuietHandler)

    def start(self, fill: Callable[[], None] = lambda: None) -> None:
        """Serve; call ``fill`` to make what the account holds, and only then report healthy."""
        for thread in self._threads:
            thread.start()
        self.files.restore()
        self.files.install()
        fill()
        self._control.healthy = True

    def stop(self) -> None:
        """Stop all tasks, then the server."""
        self.api.close()
        self.fargate.close()
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
