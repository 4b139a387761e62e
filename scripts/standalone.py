"""`airflow standalone`, what `make up` is compared with."""

import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from infra.local import processes
from scripts.ports import free_port

WITHIN_S = 300
PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


def until_healthy(checkout: Path) -> float:
    """Start it with a checkout's packages; return the seconds until its health page is all healthy."""
    with tempfile.TemporaryDirectory(prefix="standalone-") as home:
        port, binaries = free_port(), checkout / ".local" / "venv" / "bin"
        environment = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "HOME": home,
            "AIRFLOW_HOME": home,
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }
        begun = time.monotonic()
        process = subprocess.Popen(
            [binaries / "airflow", "standalone"],
            env=environment,
            cwd=home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not _healthy(port):
                if time.monotonic() - begun > WITHIN_S or process.poll() is not None:
                    raise RuntimeError(f"airflow standalone is not healthy after {time.monotonic() - begun:.0f} s")
                time.sleep(0.2)
            return time.monotonic() - begun
        finally:
            parent = psutil.Process(process.pid)
            processes.end_all([parent, *parent.children(recursive=True)], grace_s=20)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (urllib.error.URLError, OSError):
        return False
    return all(health[part]["status"] == "healthy" for part in PARTS)
