"""Run a command with a Docker engine and a base image in its environment: python -m tests.deploy.with_engine COMMAND...

Without an engine, and where none can be started, the command runs all the same: its tests say what they lack.
"""

import subprocess
import sys

from tests.deploy import base_images
from tests.deploy.engine import engine
from tests.deploy.packages import Unavailable


def main(command: list[str]) -> int:
    try:
        with engine() as found:
            environment = {**found.environment, "BASE_IMAGE": base_images.python(found)}
            return subprocess.run(command, env=environment).returncode
    except Unavailable as reason:
        print(f"==> no Docker engine: {reason}", file=sys.stderr)
        return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
