"""The house's policy holds for every DAG of the repository."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from infra.local.layout import ROOT
from tests.dags import policy

DAGS = ROOT / "dags"
FILES = sorted(DAGS.rglob("*.py"))


@pytest.fixture(scope="module")
def bag() -> Any:
    return DagBag(DAGS)


def test_there_are_dags(bag: Any) -> None:
    assert {path.stem for path in FILES} >= {"flight_delays"}
    assert set(bag.dags) == {path.stem for path in FILES}


def test_every_file_is_the_dag_of_its_name(bag: Any) -> None:
    assert policy.bag_violations(bag, DAGS) == []


@pytest.mark.parametrize("rule", policy.OF_A_DAG)
def test_dags(bag: Any, rule: Callable[[Any], list[str]]) -> None:
    assert bag.dags
    assert {dag_id: found for dag_id, dag in bag.dags.items() if (found := rule(dag))} == {}


@pytest.mark.parametrize("rule", policy.OF_A_FILE)
def test_files(rule: Callable[[str], list[str]]) -> None:
    assert FILES
    assert {path.name: found for path in FILES if (found := rule(path.read_text()))} == {}


def test_the_documentation_is_the_docstring(bag: Any) -> None:
    assert bag.dags
    for dag in bag.dags.values():
        assert dag.doc_md.strip() in Path(dag.fileloc).read_text(), dag.dag_id


def test_the_policy_looked_at_mapped_and_at_fargate_tasks(bag: Any) -> None:
    """The DAGs have what the rules for labels and sizes are about."""
    tasks = [task for dag in bag.dags.values() for task in dag.tasks]
    assert [task for task in tasks if "Fargate" in (task.executor or "") and task.executor_config]
    assert [task for task in tasks if task.map_index_template]
