"""Two stand-ins for api-servers, started and stopped as a deploy does it."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from scripts.ports import free_port
from tests.docker.proxy import ROOT


@dataclass
class Colours:
    store: Path
    ports: dict[str, int] = field(default_factory=lambda: {"blue": free_port(), "green": free_port()})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, colour: str) -> None:
        environment = {**os.environ, "COLOUR": colour, "STORE": str(self.store), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.docker.upstream", str(self.ports[colour])]
        self.processes[colour] = subprocess.Popen(command, env=environment)
        self._wait(colour)

    def _wait(self, colour: str) -> None:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.ports[colour]}/api/v2/version", timeout=5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"{colour} does not answer on port {self.ports[colour]}")

    def stop(self, colour: str) -> None:
        """As docker stop: TERM, and wait for the requests that are on their way."""
        process = self.processes.pop(colour)
        process.send_signal(signal.SIGTERM)
        process.wait(120)

    def kill(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
