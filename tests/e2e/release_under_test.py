"""A release as a control plane without containers: processes with the code of a folder, beside a stack's base."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.local.environment import control_plane
from infra.local.names import WORKER_FAMILY
from tests.e2e.stack_under_test import StackUnderTest, eventually

COMMANDS = {
    "scheduler": ["airflow", "scheduler", "--skip-serve-logs"],
    "dag-processor": ["python", "-m", "fargate.dag_processor"],
    "triggerer": ["python", "-m", "fargate.triggerer"],
}
STARTS_WITHIN_S = 60


@dataclass
class Release:
    """The release ``name`` with ``dags/`` and ``plugins/`` below ``folder``."""

    stack: StackUnderTest
    name: str
    folder: Path
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def image(self) -> str:
        digest = self.name.rpartition("-")[2]
        return f"123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/airflow/airflow@sha256:{digest:0<64}"

    @cached_property
    def code(self) -> dict[str, str]:
        return {
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.folder / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.folder / "plugins"),
            "PYTHONPATH": str(self.folder / "plugins"),
        }

    def environment(self, process: str = "") -> dict[str, str]:
        own = self.stack.state / self.name
        (own / process).mkdir(parents=True, exist_ok=True)
        return {
            **control_plane(self.stack.layout),
            **self.code,
            "FARGATE_RELEASE": self.name,
            "HEALTH_DIR": str(own / process),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(own / "bundles"),
        }

    def ask(self, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        """Run a command of fargate.releases; return its exit code, its lines and its words."""
        command = [sys.executable, "-m", "fargate.releases", *arguments]
        done = subprocess.run(
            command, env=self.environment(), cwd=self.stack.layout.run, capture_output=True, text=True
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def publish(self) -> list[dict[str, Any]]:
        """Do what a deploy does before it starts anything."""
        self._make_template()
        lines = []
        for command in (["archive"], ["register", "--image", self.image, "--revision", "abc"]):
            code, told, words = self.ask(*command)
            assert code == 0, words
            lines += told
        return lines

    def _make_template(self) -> None:
        """Stand in for the image, which has code of its own: a worker of this definition finds this folder's."""
        ecs = self.stack.client("ecs")
        template = ecs.describe_task_definition(taskDefinition=WORKER_FAMILY)["taskDefinition"]
        [container] = template["containerDefinitions"]
        others = [each for each in container["environment"] if each["name"] not in self.code]
        container["environment"] = others + [{"name": name, "value": value} for name, value in self.code.items()]
        kept = ("networkMode", "cpu", "memory", "executionRoleArn", "taskRoleArn", "volumes", "requiresCompatibilities")
        ecs.register_task_definition(
            family=f"{WORKER_FAMILY}-template",
            containerDefinitions=[container],
            **{key: template[key] for key in kept if key in template},
        )

    def start(self, *names: str) -> None:
        for name in names:
            program, *arguments = COMMANDS[name]
            log = (self.stack.layout.log / f"{self.name}-{name}.log").open("ab")
            self.running[name] = subprocess.Popen(
                [str(self.stack.layout.venv / "bin" / program), *arguments],
                env=self.environment(name),
                cwd=self.stack.layout.run,
                stdout=log,
                stderr=log,
            )

    def stop(self, *names: str) -> list[int]:
        """End processes as ``docker stop`` does; return their exit codes."""
        ending = [self.running.pop(name) for name in names]
        for process in ending:
            process.terminate()
        return [process.wait(60) for process in ending]

    def health(self, process: str, name: str) -> Path:
        return self.stack.state / self.name / process / name

    def wait_for(self, process: str, name: str) -> Path:
        """Wait for a health file; fail with the end of the log when the process ends instead."""
        path = self.health(process, name)

        def there() -> bool:
            assert self.running[process].poll() is None, self.log(process)[-3000:]
            return path.exists()

        eventually(there, within=STARTS_WITHIN_S)
        return path

    def log(self, process: str) -> str:
        return (self.stack.layout.log / f"{self.name}-{process}.log").read_text(errors="replace")

    def kill_all(self) -> None:
        for process in self.running.values():
            process.kill()
            os.waitpid(process.pid, 0) if process.returncode is None else None
