"""Where one local stack lives: its folders, its ports and its DAGs."""

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.aws.docker.networks import ADDRESS

ROOT = Path(__file__).resolve().parents[2]
RUNTIMES = {"process": "127.0.0.1", "docker": ADDRESS}  # where a worker of each finds this machine
LONGEST_SOCKET = 90  # a Unix socket's path holds 107 characters on Linux and 103 on macOS


class IllegalSetting(ValueError):
    """A setting of the stack with a value that it cannot have."""


@dataclass(frozen=True)
class Layout:
    """One stack. Two stacks differ in ``state`` and in both ports; all else follows."""

    state: Path
    airflow_port: int
    aws_port: int
    dags: Path
    runtime: str = "process"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Layout":
        """Read STACK_DIR (.local), AIRFLOW_PORT (8080), AWS_PORT (4566), DAGS_DIR (dags) and RUNTIME (process)."""
        layout = cls(
            state=_folder(environment, "STACK_DIR", ".local"),
            airflow_port=_port(environment, "AIRFLOW_PORT", 8080),
            aws_port=_port(environment, "AWS_PORT", 4566),
            dags=_folder(environment, "DAGS_DIR", "dags"),
            runtime=environment.get("RUNTIME") or "process",
        )
        if layout.runtime not in RUNTIMES:
            raise IllegalSetting(
                f"RUNTIME is process (the default: each worker is a process) or docker (each is a container "
                f"of the image), not {layout.runtime!r}"
            )
        if ROOT.is_relative_to(layout.state):
            raise IllegalSetting(f"STACK_DIR is {layout.state}, which holds this checkout: reset would delete it")
        if layout.airflow_port == layout.aws_port:
            raise IllegalSetting(f"AIRFLOW_PORT and AWS_PORT are both {layout.aws_port}")
        return layout

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def workers_airflow_url(self) -> str:
        return f"http://{RUNTIMES[self.runtime]}:{self.airflow_port}"

    @property
    def workers_aws_url(self) -> str:
        return f"http://{RUNTIMES[self.runtime]}:{self.aws_port}"

    @property
    def venv(self) -> Path:
        return ROOT / ".local" / "venv"

    @property
    def airflow_home(self) -> Path:
        return self.state / "airflow"

    @property
    def aws(self) -> Path:
        return self.state / "aws"

    @property
    def database(self) -> Path:
        return self.state / "postgres"

    @property
    def migrated(self) -> Path:
        """A file that is there once the schema is, with the packages that it was made with."""
        return self.state / "run" / "migrated"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def run(self) -> Path:
        """The working directory of the control plane's processes."""
        return self.state / "run"

    @property
    def tmp(self) -> Path:
        return self.state / "tmp"

    @property
    def sockets(self) -> Path:
        """A folder whose path is short enough for Unix sockets."""
        inside = self.state / "sockets"
        if len(str(inside)) <= LONGEST_SOCKET - len("/.s.PGSQL.5432"):
            return inside
        return Path(tempfile.gettempdir()) / f"airflow-{hashlib.sha256(str(self.state).encode()).hexdigest()[:12]}"

    @property
    def worker_home(self) -> Path:
        """AIRFLOW_HOME of the workers, which is out of the control plane's reach."""
        return self.state / "worker"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return the folders of the processes; Postgres makes its own."""
        return self.airflow_home, self.worker_home, self.aws, self.log, self.run, self.tmp, self.sockets

    def make_folders(self) -> None:
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)


def package_folder(name: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    found = importlib.util.find_spec(name)
    if not found or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {name} is not installed: run make up, which installs it")
    return Path(found.submodule_search_locations[0])


def _folder(environment: Mapping[str, str], name: str, default: str) -> Path:
    # make exports what nobody set as ""
    return (ROOT / (environment.get(name) or default)).resolve()


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise IllegalSetting(f"{name} is a port from 1024 to 65535, not {text!r}")
    return int(text)
