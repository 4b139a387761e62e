"""A host whose Airflow is upgraded and taken back: what is done to it, and what is seen of its runs."""

import json
import shlex
import subprocess
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from infra.local import postgres
from tests.deploy.host_postgres import SUPERUSER
from tests.deploy.host_under_test import BUCKETS, HostUnderTest
from tests.deploy.proof.ledger import Account, Ledger
from tests.deploy.proof.page import asked
from tests.deploy.proof.people import Caller
from tests.deploy.proof.releases import FILES
from tests.deploy.proof.site import Site, until

DAG, CLOCK = "upgrade_dag", "upgrade_clock"
FIRST, THEN = ("first_local", "first_fargate"), ("then_fargate", "then_local")
STATES = "SELECT task_id, state FROM task_instance WHERE dag_id = %s AND run_id = %s"
AIRFLOWS = "SELECT task_id, value FROM xcom WHERE dag_id = %s AND run_id = %s AND key = 'return_value'"
ENDS = "SELECT task_id, end_date FROM task_instance WHERE dag_id = %s AND run_id = %s"
TICKS = "SELECT count(*) FROM dag_run WHERE dag_id = %s AND start_date BETWEEN %s AND %s"


@dataclass
class Rehearsal:
    """``old`` and ``new`` are the images of two releases, the older with the older Airflow."""

    host: HostUnderTest
    old: str
    new: str

    def deploy(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Deploy. Runs that are held go on as soon as people get the page."""
        began = time.monotonic()
        threading.Thread(target=self._let_go, args=(began + 900,), name="let go", daemon=True).start()
        result = self.host.run("deploy.sh", *arguments, **environment)
        print(f"--- deploy.sh {shlex.join(arguments)}: {result.returncode} after {time.monotonic() - began:.1f} s")
        print(result.stdout, result.stderr)
        return result

    def _let_go(self, deadline: float) -> None:
        s3, bucket = self.host.client("s3"), BUCKETS["lake"]
        while time.monotonic() < deadline and (
            held := s3.list_objects_v2(Bucket=bucket, Prefix="held/").get("Contents")
        ):
            if asked(self.host, "people") == 503:
                for entry in held:
                    s3.delete_object(Bucket=bucket, Key=entry["Key"])
            time.sleep(1)

    def steps(self) -> dict[str, float]:
        """Return the seconds of each step of the last deploy."""
        return dict(json.loads((self.host.host / "state" / "audit.jsonl").read_text().splitlines()[-1])["steps"])

    # --- runs

    def begin(self, run_id: str) -> None:
        """Start a run that is held, and wait until two of its tasks are under way and one waits."""
        self.host.client("s3").put_object(Bucket=BUCKETS["lake"], Key=f"held/{run_id}", Body=b"")
        Caller(self.host).start(DAG, run_id, {"minutes": 5})
        wanted = dict.fromkeys(FIRST, "running") | {"waits": "deferred"}
        until(lambda: wanted.items() <= self.states(run_id).items(), within=120)

    def states(self, run_id: str) -> dict[str, str | None]:
        return dict(self.host.postgres.do(STATES, DAG, run_id))

    def complete(self, run_id: str) -> Account:
        """Start a run that takes no longer than it has to, and wait for its end."""
        Caller(self.host).start(DAG, run_id, {})
        return self.until_ended(run_id)

    def until_ended(self, run_id: str) -> Account:
        caller = Caller(self.host)
        until(lambda: caller.state(DAG, run_id) in ("success", "failed"), within=360)
        return self.account(run_id, "")

    def account(self, run_id: str, body: str) -> Account:
        ledger = Ledger(self.host.client("s3"), BUCKETS["lake"], self.host.postgres.do)
        return ledger.account(run_id, body, dict.fromkeys((*FIRST, *THEN), 1))

    def airflows(self, run_id: str) -> dict[str, str]:
        """Return the version of Airflow in which each task ran."""
        found = self.host.postgres.do(AIRFLOWS, DAG, run_id)
        return {task: str(value).strip('"') for task, value in found if task in FIRST + THEN}

    def ends(self, run_id: str) -> dict[str, datetime]:
        return dict(self.host.postgres.do(ENDS, DAG, run_id))

    def ticks(self, since: datetime, until: datetime) -> int:
        """Return how many runs of the clock began between two times."""
        [(count,)] = self.host.postgres.do(TICKS, CLOCK, since, until)
        return int(count)

    # --- the database

    def schema(self) -> str:
        [(head,)] = self.host.postgres.do("SELECT version_num FROM alembic_version")
        return str(head)

    def snapshot_programs(self) -> dict[str, str]:
        """Put both programs on the host, and return the settings that name them."""
        server = [f"--host={self.host.folder / 'postgres' / 'run'}", f"--port={self.host.postgres.port}"]
        server.append(f"--username={SUPERUSER}")
        dump = f'"{self.host.folder}/$SNAPSHOT.dump"'
        programs = {
            "snapshot": [f"{_line('pg_dump', *server, '--format=custom', 'airflow')} >{dump}"],
            "restore": [
                f"test -s {dump}",
                _line("dropdb", *server, "--force", "airflow"),
                f"{_line('pg_restore', *server, '--create', '--exit-on-error', '--dbname=postgres')} <{dump}",
            ],
        }
        hooks = self.host.host / "hooks"
        for name, lines in programs.items():
            (hooks / name).write_text("\n".join(["#!/bin/sh", "set -eu", *lines]) + "\n")
            (hooks / name).chmod(0o755)
        return {f"{name.upper()}_COMMAND": str(hooks / name) for name in programs}

    @property
    def migration(self) -> str:
        """What the last deploy that migrated has left to be said."""
        return (self.host.host / "state" / "migration").read_text().strip()

    def restore(self) -> None:
        """Run the command that a deploy has named, as it stands there."""
        command = self.migration.partition("to go back: ")[2]
        result = subprocess.run(["bash", "-c", command], env=self.host.environment, capture_output=True, text=True)
        assert result.returncode == 0, f"{command}: {result.stderr}"

    def running(self) -> list[str]:
        """Return the containers of both colours that run."""
        names = self.host.docker("ps", "--format", "{{.Names}}").stdout.split()
        return sorted(name for name in names if name.startswith((f"{self.host.name}-blue", f"{self.host.name}-green")))


def build(host: HostUnderTest, folder: Path, image: str, name: str) -> str:
    """Push a release with the DAGs of the rehearsal."""
    dags = {f"dags__{dag}": (FILES / f"{dag}.py").read_text() for dag in (DAG, CLOCK)}
    return Site(host, folder, image).build(name, **dags)


def _line(program: str, *arguments: str) -> str:
    return shlex.join(postgres.command(program, *arguments))
