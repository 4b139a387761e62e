"""What is written to task instances, in a Postgres with Airflow's tables, and what the scheduler reads of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.configuration import conf
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import create_engine, event, insert, select
from sqlalchemy.orm import Session

from fargate import stored
from fargate.launch import Launch
from tests.plugins.fargate.releases.postgres import server

JOB = 7
TIMEOUT_S = conf.getfloat("scheduler", "task_queued_timeout")
LONG_AGO = timedelta(seconds=TIMEOUT_S + 60)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with server(tmp_path_factory.mktemp("postgres")) as database:
        made = create_engine(database.url)
        # the DAG, its versions and the job of these task instances are not there
        event.listen(made, "connect", lambda raw, _: raw.cursor().execute("SET session_replication_role = replica"))
        TaskInstance.metadata.create_all(made)
        run = {"dag_id": "d", "run_id": "r", "run_type": "manual", "run_after": datetime.now(UTC)}
        with made.begin() as connection:
            connection.execute(insert(DagRun).values(**run, log_template_id=1))
        yield made
        made.dispose()


@pytest.fixture
def session(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    @contextmanager
    def create_session() -> Iterator[Session]:
        with Session(engine) as made, made.begin():
            yield made

    monkeypatch.setattr(stored, "create_session", create_session)
    with Session(engine) as made:
        made.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        yield made


def queued(session: Session, **changes: Any) -> Launch:
    """Write a task that was queued long ago, and return its launch."""
    subject, launch_id = uuid4(), str(uuid4())
    row = {
        **{"id": subject, "dag_id": "d", "run_id": "r", "task_id": str(subject), "map_index": -1, "pool": "default"},
        **{"pool_slots": 1, "max_tries": 0, "state": "queued", "queued_by_job_id": JOB, "executor_config": {}},
        **{"external_executor_id": launch_id, "queued_dttm": datetime.now(UTC) - LONG_AGO, **changes},
    }
    session.execute(insert(TaskInstance).values(row))
    return Launch("key", launch_id, None, {}, str(subject), {"dag_id": "d"})  # type: ignore[arg-type]


def stuck(session: Session) -> set[str]:
    """Return the tasks that the scheduler takes for stuck, by its own query."""
    scheduler: Any = SimpleNamespace(_task_queued_timeout=TIMEOUT_S, job=SimpleNamespace(id=JOB))
    return {str(ti.id) for ti in SchedulerJobRunner._get_tis_stuck_in_queued(scheduler, session)}


def executor_id(session: Session, launch: Launch) -> str | None:
    return session.scalar(select(TaskInstance.external_executor_id).where(TaskInstance.id == launch.subject))


def test_the_scheduler_does_not_take_what_is_kept_queued_for_stuck(session: Session) -> None:
    kept, other, third = (queued(session) for _ in range(3))
    assert stuck(session) >= {kept.subject, other.subject, third.subject}
    stored.keep_queued([kept, third])
    assert stuck(session) & {kept.subject, other.subject, third.subject} == {other.subject}


def test_what_was_queued_again_since_is_not_kept(session: Session) -> None:
    """It has another launch id: of this launch nobody waits."""
    launch = queued(session, external_executor_id=str(uuid4()))
    stored.keep_queued([launch])
    assert launch.subject in stuck(session)


def test_a_launch_whose_task_never_started_is_kept_by_the_arn_that_is_stored(session: Session) -> None:
    launch = queued(session)
    launch.arn = "arn:1"
    stored.store_arns([launch])
    launch.next_task()
    stored.keep_queued([launch])
    assert launch.subject not in stuck(session)
    assert executor_id(session, launch) == "arn:1"


def test_a_callback_has_no_row(session: Session) -> None:
    """Nor has a moment in which nothing waits."""
    stored.keep_queued([Launch("key", "id", None, {}, "not-a-uuid")])  # type: ignore[arg-type]
    stored.keep_queued([])


def test_an_arn_takes_the_place_of_its_launch_id_alone(session: Session) -> None:
    launch, again = queued(session), queued(session, external_executor_id="another")
    launch.arn, again.arn = "arn:1", "arn:2"
    stored.store_arns([launch, again])
    assert (executor_id(session, launch), executor_id(session, again)) == ("arn:1", "another")


STATES = {"queued": True, "running": True, "restarting": True, "success": False, None: False}


@pytest.mark.parametrize(("state", "expected"), STATES.items())
def test_a_launch_is_unfinished_while_its_task_is(session: Session, state: str | None, expected: bool) -> None:
    assert stored.is_unfinished(queued(session, state=state)) is expected
    assert stored.is_unfinished(queued(session, state=state, external_executor_id="another")) is False
