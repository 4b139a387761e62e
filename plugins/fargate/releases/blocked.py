"""What in the database a release would break: runs whose DAG has another file, triggers without their class."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from sqlalchemy import func, select

from fargate import settings
from fargate.releases import record
from fargate.releases.gone import UNFINISHED

log = logging.getLogger(__name__)

Found = dict[str, Any]
Runs = dict[tuple[str, str], int]  # of a DAG and a release


def runs(session: Any) -> Runs:
    """Return how many unfinished runs each DAG has of each release."""
    pinned = DagRun.bundle_version.is_not(None), DagRun.state.in_(UNFINISHED)
    query = select(DagRun.dag_id, DagRun.bundle_version, func.count()).where(*pinned)
    grouped = query.group_by(DagRun.dag_id, DagRun.bundle_version).order_by(DagRun.dag_id, DagRun.bundle_version)
    return {(dag_id, release): count for dag_id, release, count in session.execute(grouped)}


def moved(unfinished: Runs, before: dict[str, dict[str, str]], now: dict[str, str]) -> list[Found]:
    """Return the DAGs with unfinished runs whose file has moved: a task is given the file that its DAG has now.

    :param before: the file of each DAG, for each release
    :param now: the file of each DAG in the release that is to come
    """
    return [
        {
            **{"kind": "moved", "dag_id": dag_id, "release": release, "runs": count, "from": file, "to": now[dag_id]},
            "text": f"{count} unfinished runs of {dag_id} need {file} of release {release}, and it would be "
            f"{now[dag_id]}: let them end, or leave the file where it is",
        }
        for (dag_id, release), count in unfinished.items()
        if (file := before.get(release, {}).get(dag_id)) and dag_id in now and file != now[dag_id]
    ]


def files(releases: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the file of each DAG, for each of these releases; a release without a record is said and left out."""
    found = {}
    for release in sorted(set(releases)):
        try:
            found[release] = record.read(release).dags
        except record.UnknownRelease as error:
            log.warning("What it would break of release %s is not known: %s", release, error)
    return found


def triggers(session: Any) -> list[Found]:
    """Return the triggers that wait, counted by class, DAG and release."""
    query = (
        select(Trigger.classpath, TaskInstance.dag_id, DagRun.bundle_version, func.count())
        .join(TaskInstance, TaskInstance.trigger_id == Trigger.id)
        .join(DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id))
        .group_by(Trigger.classpath, TaskInstance.dag_id, DagRun.bundle_version)
        .order_by(Trigger.classpath, TaskInstance.dag_id, DagRun.bundle_version)
    )
    names = ("classpath", "dag_id", "release", "count")
    return [dict(zip(names, row, strict=True)) for row in session.execute(query)]


def unrunnable(waiting: list[Found]) -> list[Found]:
    """Return those triggers whose class cannot be had here, with the code of their release in its place."""
    found = []
    for release in sorted({each["release"] or "" for each in waiting}):
        of_release = [each for each in waiting if (each["release"] or "") == release]
        errors = importing(release, sorted({each["classpath"] for each in of_release}))
        found += [_told(each, errors[each["classpath"]]) for each in of_release if each["classpath"] in errors]
    return found


def _told(waiting: Found, error: str) -> Found:
    text = (
        f"{waiting['count']} tasks of {waiting['dag_id']} wait for {waiting['classpath']}, which this image cannot "
        f"import with the code of release {waiting['release']}: {error}. Let them end first"
    )
    return {"kind": "trigger", **waiting, "text": text}


def importing(release: str, classpaths: list[str]) -> dict[str, str]:
    """Return the error of each class that cannot be imported with a release's code, in a process of its own."""
    command = [sys.executable, "-m", "fargate.releases.importing", release, *classpaths]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2]
        return dict.fromkeys(classpaths, why)
    errors: dict[str, str] = json.loads(done.stdout.rpartition("\n")[2])
    return errors


def look(now: dict[str, str]) -> list[Found]:
    """Return all that the release of this process would break."""
    from airflow.utils.session import create_session

    with create_session() as session:
        unfinished, waiting = runs(session), triggers(session)
    others = {release for _, release in unfinished} - {settings.release()}
    return [*moved(unfinished, files(others), now), *unrunnable(waiting)]
