"""An empty AWS account, emulated on 127.0.0.1: python -m infra.local.aws --folder DIR

It prints its address on a line of its own when it can be used, and serves until SIGTERM or SIGINT.
Terraform may be applied to it. S3's objects and the tasks' files are below DIR; all else is in
memory, so that the account is empty whenever it starts with an empty DIR.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from infra.local.aws import terraform_compat
from infra.local.aws.docker import networks
from infra.local.aws.docker.engine import NoEngine
from infra.local.aws.docker.runtime import docker
from infra.local.aws.docker.settings import PASSWORD
from infra.local.aws.ecr import EcrApi
from infra.local.aws.registry import Registry
from infra.local.aws.server import AwsServer


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    terraform_compat.install()
    if options.registry:
        EcrApi(Registry(options.registry, PASSWORD)).install()
    try:
        server = _server(options)
    except NoEngine as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    server.start()
    print(server.url, flush=True)
    while not stop.wait(0.5):  # a signal that another thread takes does not wake a wait without an end
        pass
    server.stop()
    return 0


def _server(options: argparse.Namespace) -> AwsServer:
    if options.runtime == "process":
        return AwsServer(options.folder, options.region, options.port)
    runtime = docker(options.folder, options.network, options.registry, hosts=tuple(options.host))
    return AwsServer(options.folder, options.region, options.port, runtime, [networks.ADDRESS])


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.aws", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="where objects and the tasks' files are kept")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--region", default="us-east-1", help="of buckets that are read back from DIR")
    parser.add_argument(
        "--runtime",
        choices=("process", "docker"),
        default="process",
        help=f"docker: tasks are containers of their image, which reach this AWS at {networks.ADDRESS}",
    )
    parser.add_argument("--network", default="", help="the Docker network of the tasks; else one is made and removed")
    parser.add_argument("--registry", default="", metavar="HOST:PORT", help="the registry that stands in for ECR's")
    parser.add_argument(
        "--host", action="append", default=[], metavar="NAME:ADDRESS", help="what containers find by that name"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
