"""DAGs that the release has no more, and that unfinished runs of older releases still need.

A scheduler passes over the runs of a stale DAG without a word. So such a DAG is not stale until its
last run has ended; meanwhile nothing starts a new run of it but a person.
"""

from typing import Any

from airflow.models.asset import (
    DagScheduleAssetAliasReference,
    DagScheduleAssetNameReference,
    DagScheduleAssetReference,
    DagScheduleAssetUriReference,
)
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.state import DagRunState
from sqlalchemy import delete, select, update

UNFINISHED = (DagRunState.QUEUED, DagRunState.RUNNING)
STARTS = (
    *(DagScheduleAssetReference, DagScheduleAssetNameReference),
    *(DagScheduleAssetUriReference, DagScheduleAssetAliasReference),
)


def needed() -> Any:
    """Return the query of DAGs with runs that are pinned to a release and unfinished."""
    pinned = DagRun.bundle_version.is_not(None), DagRun.state.in_(UNFINISHED)
    return select(DagRun.dag_id).where(*pinned).distinct()


def keep(session: Any, bundle_name: str, files: set[str]) -> set[str]:
    """Keep DAGs whose file is none of ``files`` from new runs, while they have unfinished ones; return their files."""
    found = session.execute(
        select(DagModel.dag_id, DagModel.relative_fileloc).where(
            DagModel.bundle_name == bundle_name,
            DagModel.relative_fileloc.not_in(files),
            DagModel.dag_id.in_(needed()),
        )
    ).all()
    _keep(session, [dag_id for dag_id, _ in found])
    return {file for _, file in found}


def revive(session: Any) -> None:
    """Take back that a DAG is stale, of those with unfinished runs: their file has them no more, or is gone."""
    stale = select(DagModel.dag_id).where(DagModel.is_stale, DagModel.dag_id.in_(needed()))
    _keep(session, list(session.scalars(stale)))


def _keep(session: Any, dag_ids: list[str]) -> None:
    if not dag_ids:
        return
    never = {"next_dagrun": None, "next_dagrun_create_after": None}
    changed = update(DagModel).where(DagModel.dag_id.in_(dag_ids)).values(is_stale=False, **never)
    session.execute(changed.execution_options(synchronize_session=False))
    for model in STARTS:
        session.execute(delete(model).where(model.dag_id.in_(dag_ids)).execution_options(synchronize_session=False))
