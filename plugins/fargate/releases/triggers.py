"""Which triggers are whose: the queue of a trigger is the release of its run.

Airflow's own triggers' queue is that of the task, which nobody uses here, and triggers of assets have none.
"""

from datetime import timedelta
from typing import Any

from airflow._shared.timezones import timezone
from airflow.configuration import conf
from airflow.jobs.job import Job
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from sqlalchemy import func, or_, select, update

from fargate.bundle import NAME

# as long as a triggerer has to take what is new
TAKEN_WITHIN = timedelta(seconds=5)


def label(session: Any, release: str) -> None:
    """Give triggers the queue of their release.

    Those of assets and callbacks, and of runs that are of no release, go to the release that the DAGs
    are of at the moment.
    """
    serving = session.scalar(select(DagBundleModel.version).where(DagBundleModel.name == NAME)) or release
    for wanted, wrong in session.execute(_wrong(serving)).all():
        session.execute(
            update(Trigger).where(Trigger.id == wrong).values(queue=wanted).execution_options(synchronize_session=False)
        )


def _wrong(serving: str) -> Any:
    wanted = func.coalesce(DagRun.bundle_version, serving)
    return (
        select(wanted, Trigger.id)
        .outerjoin(TaskInstance, TaskInstance.trigger_id == Trigger.id)
        .outerjoin(DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id))
        .where(Trigger.queue.is_distinct_from(wanted))
        .with_for_update(of=Trigger, skip_locked=True)
    )


def without_triggerer(session: Any) -> set[str]:
    """Return the releases that have triggers which no live triggerer has taken within a while."""
    threshold = conf.getfloat("triggerer", "triggerer_health_check_threshold")
    alive = select(Job.id).where(
        Job.job_type == "TriggererJob",
        Job.end_date.is_(None),
        Job.latest_heartbeat > timezone.utcnow() - timedelta(seconds=threshold),
    )
    waiting = select(Trigger.queue).where(
        Trigger.queue.is_not(None),
        Trigger.created_date < timezone.utcnow() - TAKEN_WITHIN,
        or_(Trigger.triggerer_id.is_(None), Trigger.triggerer_id.not_in(alive)),
    )
    return set(session.scalars(waiting.distinct()))
