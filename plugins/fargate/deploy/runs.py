"""Move the unfinished runs of a release that is withdrawn to the newest version of their DAG.

A task that runs finishes where it runs; what has not begun begins with the new version. A deferred task
begins again, since its trigger is code of the withdrawn release. A run whose running task the new version
lacks stays: the scheduler would take the task out from under its worker.
"""

from typing import TYPE_CHECKING, Any

from fargate.deploy import secret_values

if TYPE_CHECKING:
    from uuid import UUID

    from airflow.models.dagrun import DagRun
    from airflow.serialization.definitions.dag import SerializedDAG
    from sqlalchemy.orm import Session

IN_HAND = ("queued", "running", "restarting")
NOT_BEGUN = (None, "scheduled", "up_for_retry", "up_for_reschedule")


def move(release: str) -> dict[str, list[str]]:
    secret_values.export()
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import State
    from sqlalchemy import select

    unfinished = select(DagRun).where(DagRun.bundle_version == release, DagRun.state.in_(State.unfinished_dr_states))
    done: dict[str, list[str]] = {"moved": [], "stayed": []}
    with create_session() as session:
        for run in session.scalars(unfinished).all():
            done["moved" if _move(run, release, session) else "stayed"].append(f"{run.dag_id} {run.run_id}")
    return done


def _move(run: "DagRun", release: str, session: "Session") -> bool:
    """Give a run the newest version of its DAG, unless that is still one of the withdrawn release."""
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagbag import DBDagBag

    newest: Any = DagVersion.get_latest_version(run.dag_id, session=session)
    dag = DBDagBag(load_op_links=False).get_latest_version_of_dag(run.dag_id, session=session)
    if newest is None or dag is None or newest.bundle_version in (None, release):
        return False
    tis = run.get_task_instances(session=session)
    if any(ti.state in IN_HAND and not dag.has_task(ti.task_id) for ti in tis):
        return False
    _clear_deferred(run, session)
    run.bundle_version = newest.bundle_version
    run.created_dag_version_id = newest.id
    for ti in run.get_task_instances(session=session):
        if ti.state in NOT_BEGUN:
            ti.dag_version_id = newest.id
    session.flush()
    _add_tasks(run, dag, newest.id, session)
    return True


def _clear_deferred(run: "DagRun", session: "Session") -> None:
    from airflow.models.taskinstance import clear_task_instances

    deferred = [ti for ti in run.get_task_instances(session=session) if ti.state == "deferred"]
    if deferred:
        clear_task_instances(deferred, session, run_on_latest_version=True)


def _add_tasks(run: "DagRun", dag: "SerializedDAG", version: "UUID", session: "Session") -> None:
    """Add the tasks that the new version has besides; those that it has no more the scheduler takes out."""
    run.dag = dag
    run.verify_integrity(session=session, dag_version_id=version)
