"""The stack's AWS process: the emulated AWS with the stack's account in it."""

import logging
import signal
import threading

from infra.local import containers, relay
from infra.local.account import fill
from infra.local.aws.docker.networks import ADDRESS
from infra.local.aws.server import AwsServer
from infra.local.layout import Layout
from infra.local.names import REGION
from infra.local.processes import end_all, in_folder


def main() -> None:
    """Serve until SIGTERM, then stop the tasks and leave."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    layout = Layout.read()
    end_all(in_folder(layout.aws / "tasks"))  # of an emulator that was killed
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = _server(layout)
    server.start(lambda: fill(layout))
    logging.info("emulated AWS at %s", server.url)
    while not stop.wait(0.5):  # a signal that another thread takes does not wake a wait without an end
        pass
    server.stop()


def _server(layout: Layout) -> AwsServer:
    if layout.runtime != "docker":
        return AwsServer(layout.aws, REGION, layout.aws_port)
    server = AwsServer(layout.aws, REGION, layout.aws_port, containers.runtime(layout), [ADDRESS])
    relay.start(ADDRESS, layout.airflow_port)
    return server


if __name__ == "__main__":
    main()
