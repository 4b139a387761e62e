"""Unfinished runs of a release that is withdrawn go on with the newest version of their DAG."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fargate.deploy import runs

pytestmark = pytest.mark.usefixtures("orm")
A, B = "aaaa0001-0a0a0a0a", "bbbb0002-0b0b0b0b"
BUNDLE = "dags-folder"
States = dict[str, str | None]


def write(dag_id: str, release: str, *task_ids: str) -> None:
    """Write a release's version of a DAG, as the dag-processor does."""
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session

    # with the tag that plugins/airflow_local_settings.py gives it
    with DAG(dag_id, schedule=None, tags=[f"release:{release}"]) as dag:
        for task_id in task_ids:
            EmptyOperator(task_id=task_id)
    with create_session() as session:
        if not session.get(DagBundleModel, BUNDLE):
            session.add(DagBundleModel(name=BUNDLE))
            session.flush()
        update_dag_parsing_results_in_db(
            BUNDLE, release, [LazyDeserializedDAG.from_dag(dag)], {}, None, set(), session=session
        )


def begin(dag_id: str, run_id: str, state: str = "running", **states: str | None) -> None:
    """Make a run of the newest version, with tasks in these states."""
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    kind = {"run_type": DagRunType.MANUAL, "triggered_by": DagRunTriggeredByType.TEST}
    with create_session() as session:
        dag: Any = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
        run = dag.create_dagrun(
            run_id=run_id, run_after=datetime.now(UTC), state=DagRunState(state), session=session, **kind
        )
        run.dag = dag
        run.verify_integrity(session=session, dag_version_id=run.created_dag_version_id)
        for ti in run.get_task_instances(session=session):
            ti.state = states.get(ti.task_id)


def seen(dag_id: str, run_id: str) -> tuple[str | None, str | None, dict[str, tuple[str | None, str | None]]]:
    """Return the releases of a run and of its first version, and each task with its state and release."""
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        [run] = session.query(DagRun).filter_by(dag_id=dag_id, run_id=run_id)
        of = {version.id: version.bundle_version for version in session.query(DagVersion).filter_by(dag_id=dag_id)}
        tasks = {
            ti.task_id: (ti.state and str(ti.state), of.get(ti.dag_version_id))
            for ti in run.get_task_instances(session=session)
        }
        return run.bundle_version, of.get(run.created_dag_version_id), tasks


@pytest.fixture
def withdrawn() -> Callable[..., str]:
    """A function that makes a DAG of release A with a run ``r``, and then the DAG as B has it; returns its name."""

    def make(of_a: States, of_b: tuple[str, ...], run: str = "running") -> str:
        dag_id = f"{datetime.now(UTC):d%H%M%S%f}"
        write(dag_id, A, *of_a)
        begin(dag_id, "r", run, **of_a)
        write(dag_id, B, *of_b)
        return dag_id

    return make


def test_what_has_not_begun_begins_with_the_new_version(withdrawn: Callable[..., str]) -> None:
    states = {"done": "success", "busy": "running", "sent": "queued", "next": None, "due": "scheduled", "old": None}
    dag_id = withdrawn(states, ("done", "busy", "sent", "next", "due", "new"))
    assert seen(dag_id, "r")[:2] == (A, A)
    assert runs.move(A) == {"moved": [f"{dag_id} r"], "stayed": []}
    assert seen(dag_id, "r") == (
        B,
        B,
        {
            **{"done": ("success", A), "busy": ("running", A), "sent": ("queued", A)},
            **{"next": (None, B), "due": ("scheduled", B)},
            "old": (None, B),  # the scheduler takes it out
            "new": (None, B),
        },
    )
    assert runs.move(A) == {"moved": [], "stayed": []}


@pytest.mark.parametrize("state", ["up_for_retry", "up_for_reschedule"])
def test_what_waits_for_its_next_try_takes_it_with_the_new_version(withdrawn: Callable[..., str], state: str) -> None:
    dag_id = withdrawn({"t": state}, ("t",))
    assert runs.move(A)["moved"] == [f"{dag_id} r"]
    assert seen(dag_id, "r")[2] == {"t": (state, B)}


def test_a_run_that_waits_is_moved_too(withdrawn: Callable[..., str]) -> None:
    dag_id = withdrawn({"t": None}, ("t", "u"), run="queued")
    assert runs.move(A)["moved"] == [f"{dag_id} r"]
    assert seen(dag_id, "r")[2] == {"t": (None, B), "u": (None, B)}


def test_a_deferred_task_begins_again(withdrawn: Callable[..., str]) -> None:
    """Its trigger is code of the release that is withdrawn."""
    from airflow.models.dagrun import DagRun
    from airflow.models.trigger import Trigger
    from airflow.utils.session import create_session

    dag_id = withdrawn({"waits": "deferred"}, ("waits",))
    with create_session() as session:
        [run] = session.query(DagRun).filter_by(dag_id=dag_id)
        [ti] = run.get_task_instances(session=session)
        trigger = Trigger("gone.Open", {}, created_date=datetime.now(UTC) - timedelta(minutes=1))
        session.add(trigger)
        session.flush()
        ti.trigger_id, ti.next_method = trigger.id, "resume"
    assert runs.move(A)["moved"] == [f"{dag_id} r"]
    assert seen(dag_id, "r")[2] == {"waits": (None, B)}
    with create_session() as session:
        [run] = session.query(DagRun).filter_by(dag_id=dag_id)
        [ti] = run.get_task_instances(session=session)
        assert ti.next_method is None


@pytest.mark.parametrize("state", ["running", "queued", "restarting"])
def test_a_run_whose_task_is_under_way_and_would_be_gone_stays(withdrawn: Callable[..., str], state: str) -> None:
    dag_id = withdrawn({"gone": state, "next": None}, ("next",))
    assert runs.move(A) == {"moved": [], "stayed": [f"{dag_id} r"]}
    assert seen(dag_id, "r") == (A, A, {"gone": (state, A), "next": (None, A)})


def test_a_dag_without_another_version_keeps_its_runs() -> None:
    dag_id = f"{datetime.now(UTC):d%H%M%S%f}"
    write(dag_id, A, "t")
    begin(dag_id, "r", t=None)
    assert runs.move(A) == {"moved": [], "stayed": [f"{dag_id} r"]}
    assert seen(dag_id, "r") == (A, A, {"t": (None, A)})


def test_runs_that_ended_and_those_of_other_releases_stay(withdrawn: Callable[..., str]) -> None:
    ended = withdrawn({"t": "success"}, ("t",), run="success")
    other = withdrawn({"t": "success"}, ("t",), run="failed")
    begin(other, "of-b", t=None)
    assert runs.move(A) == {"moved": [], "stayed": []}
    assert seen(ended, "r")[0] == A
    assert seen(other, "of-b") == (B, B, {"t": (None, B)})


def end(dag_id: str) -> None:
    """Let no later test find this DAG's runs."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(DagRun).filter_by(dag_id=dag_id).update({"state": "success"})
