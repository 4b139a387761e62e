"""What the executor reads from and writes to Airflow's database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.models import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import joinedload, object_session

from fargate.launch import Launch

if TYPE_CHECKING:
    from airflow.executors.workloads.task import TaskInstanceDTO

UNFINISHED = (TaskInstanceState.QUEUED, TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING)


def store_arns(launches: Sequence[Launch]) -> None:
    """Put the ARNs of started tasks in the place of their launch ids, or of tasks that never started.

    A task instance that was queued again since has another launch id, and keeps it.
    """
    _update_each(launches, external_executor_id=bindparam("arn"))
    for launch in launches:
        launch.stored_as = launch.arn


def keep_queued(launches: Sequence[Launch], now: datetime | None = None) -> None:
    """Note that these launches are still in hand.

    Without, the scheduler takes those that wait for longer than ``[scheduler] task_queued_timeout`` for
    stuck, and fails them in the end.
    """
    _update_each(launches, queued_dttm=now or datetime.now(UTC))


def _update_each(launches: Sequence[Launch], **values: Any) -> None:
    rows = [
        {"subject": UUID(launch.subject), "stored_as": launch.stored_as, "arn": launch.arn}
        for launch in launches
        if launch.of_task
    ]
    if not rows:
        return
    table: Any = TaskInstance.__table__
    same = table.c.id == bindparam("subject"), table.c.external_executor_id == bindparam("stored_as")
    with create_session() as session:
        session.connection().execute(update(table).where(*same).values(**values), rows)


def is_unfinished(launch: Launch) -> bool:
    """Tell whether Airflow still waits for this very launch to report its end."""
    if not launch.of_task:
        return True
    mine = select(TaskInstance.state).where(
        TaskInstance.id == UUID(launch.subject),
        TaskInstance.external_executor_id == launch.stored_as,
    )
    with create_session() as session:
        return session.scalar(mine) in UNFINISHED


def whole(tis: Sequence[Any]) -> Sequence[Any]:
    """Return task instances of one session with all that a workload is made of, by one query."""
    session = object_session(tis[0])
    if session is None:
        return tis
    loaded = (
        select(TaskInstance)
        .where(TaskInstance.id.in_([ti.id for ti in tis]))
        .options(joinedload(TaskInstance.dag_model), joinedload(TaskInstance.dag_run))
        .execution_options(populate_existing=True)
    )
    return session.scalars(loaded).unique().all()


def has_event(ti: "TaskInstanceDTO", try_number: int, event: str) -> bool:
    """Tell whether an event was logged for a try of a task instance."""
    logged = select(Log.id).where(
        Log.dag_id == ti.dag_id,
        Log.run_id == ti.run_id,
        Log.task_id == ti.task_id,
        Log.map_index == ti.map_index,
        Log.try_number == try_number,
        Log.event == event,
    )
    with create_session() as session:
        return session.scalar(logged.limit(1)) is not None
