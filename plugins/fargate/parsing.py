"""Airflow's dag-processor with what pinned runs need: DAGs that older runs have, and callbacks of their release."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from airflow.cli.cli_parser import get_parser
from airflow.cli.commands import dag_processor_command
from airflow.dag_processing import manager
from airflow.dag_processing.manager import DagFileInfo, DagFileProcessorManager
from airflow.dag_processing.processor import DagFileProcessorProcess, _parse_file_entrypoint
from airflow.jobs.dag_processor_job_runner import DagProcessorJobRunner
from airflow.utils.session import create_session

from fargate import bundle, health, settings
from fargate.releases import gone

KnownFiles = dict[str, set[DagFileInfo]]


class Runner(DagProcessorJobRunner):
    """Says that it is healthy with each heartbeat that has reached the database."""

    def heartbeat_callback(self, session: Any = None) -> None:
        super().heartbeat_callback(session)
        health.touch(health.HEALTHY)


class Process(DagFileProcessorProcess):
    """A process for one file. One that runs callbacks of an older release has all of that release's code."""

    @classmethod
    def start(cls, *, bundle_path: Path, **options: Any) -> "Process":  # type: ignore[override]
        release = release_of(bundle_path)
        target = partial(parse_as, release) if release else _parse_file_entrypoint
        return super().start(bundle_path=bundle_path, target=target, **options)


def release_of(bundle_path: Path) -> str | None:
    """Return the release whose fetched code a path belongs to; None for this one's."""
    folder = bundle_path.parent
    return folder.name if folder == bundle.release_folder(folder.name) else None


def parse_as(release: str) -> None:
    bundle.run_as(release)
    _parse_file_entrypoint()  # type: ignore[no-untyped-call]


class Manager(DagFileProcessorManager):
    """Airflow's, which passes over unfinished runs of a DAG whose file is gone, as if there were none."""

    _present: KnownFiles | None = None
    _told: datetime | None = None

    def deactivate_deleted_dags(self, bundle_name: str, present: set[DagFileInfo]) -> None:
        """Deactivate DAGs whose files are gone, but for those that have unfinished runs."""
        self._present = {**(self._present or {}), bundle_name: present}
        with create_session() as session:
            here = {str(file.rel_path) for file in present}
            kept = gone.keep(session, bundle_name, here) if settings.release() else set()
        bundle_path = next(each.path for each in self._dag_bundles if each.name == bundle_name)
        files = {DagFileInfo(rel_path=Path(file), bundle_name=bundle_name, bundle_path=bundle_path) for file in kept}
        super().deactivate_deleted_dags(bundle_name, present | files)

    def deactivate_stale_dags(self, last_parsed: Any, **options: Any) -> None:
        """Deactivate DAGs that are gone from their files, and those of gone files whose runs have ended."""
        if not settings.release():
            super().deactivate_stale_dags(last_parsed, **options)
            return
        with create_session() as session:  # one transaction: a scheduler sees none of it, or all
            super().deactivate_stale_dags(last_parsed, session=session)
            gone.revive(session)
        for name, present in (self._present or {}).items():
            self.deactivate_deleted_dags(name, present)

    def persist_parsing_result(self, *, session: Any, **parsed: Any) -> None:
        """Store what was parsed. Airflow takes the DAGs of a file with an error for stale."""
        super().persist_parsing_result(session=session, **parsed)
        if settings.release():
            gone.revive(session)

    def print_stats(self, known_files: KnownFiles) -> None:
        """Once each file was parsed, say what was found; and again whenever one was parsed anew."""
        super().print_stats(known_files)
        stats = [self._file_stats[file] for files in known_files.values() for file in files]
        finished = [stat.last_finish_time for stat in stats if stat.last_finish_time]
        if finished and len(finished) == len(stats) and max(finished) != self._told:
            self._told = max(finished)
            health.write_parsed(found(stats))


def found(stats: list[Any]) -> dict[str, Any]:
    """Return what has been found by now, with Airflow's import errors by file."""
    from airflow.models.errors import ParseImportError
    from sqlalchemy import select

    with create_session() as session:
        rows = session.execute(select(ParseImportError.filename, ParseImportError.stacktrace)).all()
    return {"files": len(stats), "dags": sum(stat.num_dags for stat in stats), "import_errors": dict(map(tuple, rows))}


def run(arguments: list[str]) -> None:
    """Be ``airflow dag-processor``, whose command names the classes that it makes."""
    for module, name, ours in SEAMS:
        setattr(module, name, ours)
    parsed = get_parser().parse_args(["dag-processor", *arguments])
    parsed.func(parsed)


SEAMS: list[tuple[Any, str, Callable[..., Any]]] = [
    (dag_processor_command, "DagFileProcessorManager", Manager),
    (dag_processor_command, "DagProcessorJobRunner", Runner),
    (manager, "DagFileProcessorProcess", Process),
]
