"""The emulated AWS as a server on 127.0.0.1."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from moto import backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from infra.local.aws.control import Control
from infra.local.aws.ecs_api import EcsApi
from infra.local.aws.fargate import Fargate
from infra.local.aws.s3_files import S3Files

HOST = "127.0.0.1"


class QuietHandler(MotoRequestHandler):
    """Answers without a log line each; ``/_fargate/events`` has them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class AwsServer:
    """The server, its Fargate and its files below ``folder``: one a process, as moto is.

    Port 0 takes any free one.
    """

    def __init__(self, folder: Path, region: str, port: int = 0) -> None:
        modules = tuple(backends.list_of_moto_modules())
        backends.list_of_moto_modules = lambda: modules  # moto would list its folder for each request
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.fargate = Fargate(folder / "tasks")
        self.files = S3Files(folder / "s3", region)
        self.api = EcsApi(self.fargate)
        self.api.install()
        self._control = Control(DomainDispatcherApplication(create_backend_app), self.fargate)
        self._server = make_server(HOST, port, self._control, threaded=True, request_handler=QuietHandler)
        self.url = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="server", daemon=True)

    def start(self, fill: Callable[[], None] = lambda: None) -> None:
        """Serve; call ``fill`` to make what the account holds, and only then report healthy."""
        self._thread.start()
        self.files.restore()
        self.files.install()
        fill()
        self._control.healthy = True

    def stop(self) -> None:
        """Stop all tasks, then the server."""
        self.api.close()
        self.fargate.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
