"""Airflow's triggerer, one a release: ``python -m fargate.triggerer [RELEASE]``.

A trigger's class is imported by the triggerer, which must have the code of the trigger's run. Each
triggerer takes the triggers of its release. The one of a release that is deployed also starts one for
each other release whose triggers nobody has, with that release's code from its archive.
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from typing import Any

from airflow.cli.cli_parser import get_parser
from airflow.jobs import triggerer_job_runner
from airflow.jobs.triggerer_job_runner import TriggerRunnerSupervisor
from airflow.utils.session import create_session

from fargate import bundle, health, settings
from fargate.releases import triggers

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0
AGAIN_S = 60.0  # after a triggerer of another release has failed
IDLE_S = 60.0
PR_SET_PDEATHSIG = 1


class Supervisor(TriggerRunnerSupervisor):
    """Airflow's, which takes the triggers of one release and has its code run them."""

    release = ""
    others: "Others | None" = None
    needed_at = 0.0

    def load_triggers(self) -> None:
        """Take triggers of this release; a triggerer of another one ends when it has had none for a while."""
        with create_session() as session:
            triggers.label(session, self.release)
        super().load_triggers()
        if self.others:
            self.others.look()
        elif self.running_triggers or self.creating_triggers:
            Supervisor.needed_at = time.monotonic()
        elif time.monotonic() - self.needed_at > IDLE_S:
            self.stop = True

    def heartbeat_callback(self, session: Any = None) -> None:
        super().heartbeat_callback(session)
        if self.others:
            health.touch(health.HEALTHY)

    @classmethod
    def run_in_process(cls) -> None:
        bundle.run_as(cls.release)
        super().run_in_process()  # type: ignore[no-untyped-call]


class Others:
    """The triggerers of other releases, as processes below this one."""

    def __init__(self, release: str) -> None:
        self._release, self._looked_at = release, 0.0
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._failed_at: dict[str, float] = {}

    def look(self) -> None:
        """Start those that are missing."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        for release in [release for release, process in self._running.items() if process.poll() is not None]:
            if self._running.pop(release).returncode:
                self._failed_at[release] = time.monotonic()
        with create_session() as session:
            waiting = triggers.without_triggerer(session) - {self._release} - self._running.keys()
        for release in waiting:
            if time.monotonic() - self._failed_at.get(release, -AGAIN_S) >= AGAIN_S:
                log.info("Triggers of release %s wait; a triggerer with its code is started", release)
                self._running[release] = subprocess.Popen(command(release), preexec_fn=_end_with_parent)

    def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait()


def command(release: str) -> list[str]:
    return [sys.executable, "-m", "fargate.triggerer", release]


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: list[str]) -> None:
    """Be ``airflow triggerer`` for a release: that of this process, or the one that is named."""
    own = settings.release()
    if own:
        Supervisor.release = arguments[0] if arguments else own
        Supervisor.others = None if arguments else Others(own)
        Supervisor.needed_at = time.monotonic()
        if not arguments:
            health.reset()
        triggerer_job_runner.TriggerRunnerSupervisor = Supervisor  # type: ignore[misc]
        os.environ["AIRFLOW__TRIGGERER__QUEUES_ENABLED"] = "True"  # of this process: a task names none
    options = ["--queues", Supervisor.release] if own else []
    parsed = get_parser().parse_args(["triggerer", "--skip-serve-logs", *options])
    try:
        parsed.func(parsed)
    finally:
        if Supervisor.others:
            Supervisor.others.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
