"""Each rule of the policy is broken here once, to see that it notices."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, task, task_group

from fargate import executor_config, fargate
from tests.dags import policy

SEOUL = pendulum.datetime(2026, 1, 1, tz="Asia/Seoul")
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


def echo(a: str) -> str:
    return a


def make(fill: Callable[[], Any] | None = None, **changes: Any) -> DAG:
    """Return a DAG that keeps all rules, but for the changes and what ``fill`` puts into it."""
    good = {
        **{"doc_md": "### Title\n\nText", "tags": ["a"], "start_date": SEOUL, "catchup": False},
        "default_args": {"owner": "us", "retries": 1},
    }
    with DAG("good", schedule=None, **{**good, **changes}) as dag:
        task(lambda: None, task_id="step")()
        if fill:
            fill()
    return dag


def mapped(template: str | None) -> Callable[[], Any]:
    return lambda: task(echo, task_id="many", map_index_template=template).expand(a=[1, 2])


def sized(config: Any, executor: str | None = "FargateExecutor") -> Callable[[], Any]:
    return lambda: task(lambda: None, task_id="big", executor=executor, executor_config=config)()


def mapped_group(template: str | None) -> Callable[[], Any]:
    @task_group
    def group(place: str) -> None:
        task(echo, task_id="in_group", map_index_template=template)(place)

    return lambda: group.expand(place=["a", "b"])


@pytest.mark.parametrize("rule", policy.OF_A_DAG)
def test_a_good_dag_breaks_no_rule(rule: Callable[[Any], list[str]]) -> None:
    def fill() -> None:
        mapped("{{ a[:250] }}")()
        sized(fargate(cpu=1, memory=2, disk=30, spot=True))()

    assert rule(make(fill)) == []


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        (policy.undocumented, {"doc_md": None}, ["doc_md is not a title and a text"]),
        (policy.undocumented, {"doc_md": "a text without a title\n\nText"}, ["doc_md is not a title and a text"]),
        (policy.undocumented, {"doc_md": "### Only a title"}, ["doc_md is not a title and a text"]),
        (policy.untagged, {"tags": []}, ["there is no tag"]),
        (policy.unowned, {"default_args": {"retries": 1}}, ["step is owned by 'airflow'"]),
        (policy.unowned, {"default_args": {"owner": "", "retries": 1}}, ["step is owned by ''"]),
        (policy.undated, {"start_date": None}, ["there is no start_date"]),
        (
            policy.undated,
            {"start_date": pendulum.datetime(2026, 1, 1, tz="UTC")},
            ["start_date is in UTC, and the house in Asia/Seoul"],
        ),
        (policy.catching_up, {"catchup": True}, ["catchup is on"]),
        (
            policy.without_retries,
            {"default_args": {"owner": "us"}},
            ["default_args do not say how often a task is retried"],
        ),
    ],
)
def test_a_dag_that_breaks_a_rule(rule: Callable[[Any], list[str]], changes: Any, expected: list[str]) -> None:
    assert rule(make(**changes)) == expected


def test_a_date_without_a_zone_is_in_the_houses() -> None:
    assert policy.undated(make(start_date=datetime(2026, 1, 1))) == []


@pytest.mark.parametrize("template", [None, "{{ a }}", "{{ a[:25] }}"])
def test_a_label_that_is_missing_or_not_cut(template: str | None) -> None:
    expected = "is mapped and its map_index_template has no [:250]"
    assert policy.unlabelled(make(mapped(template))) == [f"many {expected}"]
    assert policy.unlabelled(make(mapped_group(template))) == [f"group.in_group {expected}"]


@pytest.mark.parametrize(
    "config",
    [
        {"overrides": {"cpu": "1024", "memory": "1024"}},
        {"overrides": {"cpu": "1024"}},
        {"overrides": {"cpu": 1024, "memory": 2048}},
        {"overrides": {"cpu": "big", "memory": "2048"}},
        {"overrides": {"ephemeralStorage": {"sizeInGiB": 20}}},
        {"cpu": "1024", "memory": "2048"},
        {"capacityProviderStrategy": SPOT, "launchType": "FARGATE"},
    ],
)
def test_a_config_that_is_not_legal(config: dict[str, Any]) -> None:
    [violation] = policy.unsized(make(sized(config)))
    with pytest.raises(ValueError, match=r"\w") as refused:
        executor_config.check(config)
    assert violation == f"big: {refused.value}"


@pytest.mark.parametrize("config", [{}, fargate(), fargate(spot=True), fargate(disk=21), fargate(cpu=0.25, memory=0.5)])
def test_a_config_that_fargate_made(config: dict[str, Any]) -> None:
    assert policy.unsized(make(sized(config))) == []


def test_a_size_that_no_executor_looks_at() -> None:
    expected = ["big: has an executor_config and no FargateExecutor"]
    assert policy.unsized(make(sized(fargate(cpu=1, memory=2), executor=None))) == expected


@pytest.mark.parametrize(
    ("rule", "source", "expected"),
    [
        (
            policy.too_long,
            '"""A\ndocstring."""\n' + "x = 1\n" * 81,
            ["81 lines beside the docstring, and 80 are allowed"],
        ),
        (policy.too_long, "x = 1\n" * 81, ["81 lines beside the docstring, and 80 are allowed"]),
        (policy.too_long, '"""Long' + "\n" * 200 + '"""\n' + "x = 1\n" * 80, []),
        (
            policy.foreign_imports,
            "import infra.local\nfrom scripts import conf\n",
            ["imports infra.local", "imports scripts.conf"],
        ),
        (policy.foreign_imports, "def f():\n    from tests.dags import policy\n", ["imports tests.dags.policy"]),
        (policy.foreign_imports, "from fargate import settings\nimport dagstuhl\n", []),
        (policy.reading_the_environment, "import os\nx = os.environ['A']\n", ["reads os.environ"]),
        (policy.reading_the_environment, "import os\nx = os.getenv('A')\n", ["reads os.getenv"]),
        (policy.reading_the_environment, "from os import environ\n", ["reads os.environ"]),
        (policy.reading_the_environment, "import os\nx = os.path.join('a', 'b')\n", []),
    ],
)
def test_files(rule: Callable[[str], list[str]], source: str, expected: list[str]) -> None:
    assert rule(source) == expected


DAG_FILE = "from airflow.sdk import DAG\n{0} = DAG('{0}', schedule=None)\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"one.py": DAG_FILE.format("one")}, []),
        ({"one.py": DAG_FILE.format("two")}, ["two is in one.py", "one.py has no DAG one"]),
        ({"one.py": "x = 1\n"}, ["one.py has no DAG one"]),
        (
            {"one.py": DAG_FILE.format("one") + "1 / 0\n"},
            ["one.py: ZeroDivisionError: division by zero", "one.py has no DAG one"],
        ),
        ({"one.py": DAG_FILE.format("one") + DAG_FILE.format("two")}, ["two is in one.py"]),
    ],
)
def test_a_bag_that_is_not_what_its_folder_says(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    for name, source in files.items():
        (tmp_path / name).write_text(source)
    violations = policy.bag_violations(DagBag(tmp_path), tmp_path)
    assert [violation.replace(f"{tmp_path}/", "") for violation in violations] == expected


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    assert policy.bag_violations(DagBag(tmp_path), tmp_path) == [f"there is no DAG file in {tmp_path}"]
    missing = tmp_path / "no-such-folder"
    assert policy.bag_violations(DagBag(missing), missing) == [f"there is no DAG file in {missing}"]
