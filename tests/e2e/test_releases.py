"""Two releases, switched A, B, A with runs in flight on both executors, a deferred task among them.

Every run ends with the tasks, the bodies and the callbacks of the release that it began with.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow_client.client.api.backfill_api import BackfillApi
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.api.dag_version_api import DagVersionApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.api.x_com_api import XComApi
from airflow_client.client.models.backfill_post_body import BackfillPostBody
from airflow_client.client.models.clear_task_instances_body import ClearTaskInstancesBody
from airflow_client.client.models.clear_task_instances_body_task_ids_inner import ClearTaskInstancesBodyTaskIdsInner

from infra.local import services
from infra.local import stack as local_stack
from scripts.dag_run import DagRun
from tests.e2e import release_code
from tests.e2e.release_under_test import Release
from tests.e2e.stack_under_test import StackUnderTest, eventually

A, B = "aaaa0001-0a0a0a0a", "bbbb0002-0b0b0b0b"
CONTROL_PLANE = ("dag-processor", "scheduler", "triggerer")


class Story:
    """What was done, and what was seen on the way."""

    def __init__(self, stack: StackUnderTest) -> None:
        self.stack, self.gates = stack, stack.state / "gates"
        self.gates.mkdir(parents=True, exist_ok=True)
        folders = {word: stack.state / "releases" / word for word in "AB"}
        self.a, self.b = Release(stack, A, folders["A"]), Release(stack, B, folders["B"])
        release_code.write(folders["A"], "A", self.gates, other=folders["B"])
        release_code.write(folders["B"], "B", self.gates, other=folders["A"])
        self.runs: dict[str, DagRun] = {}
        self.seen: dict[str, Any] = {}

    def begin(self, *names: str) -> None:
        """Start ``DAG/run`` and wait until each has deferred its first task."""
        for name in names:
            dag_id, _, run_id = name.partition("/")
            self.runs[name] = self.stack.start(dag_id, run_id)
        for name in names:
            eventually(lambda name=name: self.states(name).get("gate") == "deferred", within=60)

    def states(self, name: str) -> dict[str, str]:
        self.runs[name].refresh()
        return {task.task_id: str(task.state.value) if task.state else "" for task in self.runs[name].tasks}

    def end(self, *names: str) -> None:
        """Let runs go on, and wait until they have ended."""
        for name in names:
            (self.gates / name.partition("/")[2]).touch()
        for name in names:
            self.stack.finish(self.runs[name])

    def switch(self, old: Release, new: Release) -> None:
        """Hand the control plane over, in the order of a deploy."""
        new.start("dag-processor")
        new.wait_for("dag-processor", "standby")
        self.seen[f"parsed while {new.name} stood by"] = new.health("dag-processor", "parsed.json").exists()
        self.seen[f"{old.name} stopped with"] = old.stop("dag-processor")
        new.start("scheduler", "triggerer")
        parsed = new.wait_for("dag-processor", "parsed.json")
        self.seen[f"{new.name} parsed"] = json.loads(parsed.read_text())
        new.wait_for("triggerer", "healthy")
        new.wait_for("dag-processor", "healthy")
        old.stop("scheduler", "triggerer")

    def backfill(self) -> None:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        body = BackfillPostBody(dag_id="daily", from_date=at, to_date=at)
        self.stack.airflow.call(BackfillApi(self.stack.airflow.client).create_backfill, body)

    def words(self, name: str, task_id: str) -> Any:
        dag_id, _, run_id = name.partition("/")
        api = XComApi(self.stack.airflow.client)
        entry = self.stack.airflow.call(api.get_xcom_entry, dag_id, task_id, run_id, "return_value", deserialize=True)
        return entry.actual_instance.value

    def rest(self, name: str) -> Any:
        dag_id, _, run_id = name.partition("/")
        return self.stack.airflow.call(DagRunApi(self.stack.airflow.client).get_dag_run, dag_id, run_id)

    def dag(self, dag_id: str) -> Any:
        return self.stack.airflow.call(DAGApi(self.stack.airflow.client).get_dag_details, dag_id)

    def versions(self, dag_id: str) -> list[str]:
        api = DagVersionApi(self.stack.airflow.client)
        found = self.stack.airflow.all(api.get_dag_versions, "dag_versions", dag_id)
        return [version.bundle_version for version in sorted(found, key=lambda each: each.version_number)]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    stack = StackUnderTest(Path(tmp_path_factory.mktemp("releases")))
    stack.settings(AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL="2")
    local_stack.start(stack.layout, services.BASE)
    local_stack.wait(stack.layout, services.BASE)
    told = Story(stack)
    try:
        _tell(told)
        yield told
    finally:
        for release in (told.a, told.b):
            release.kill_all()
        stack.local("reset")
        assert stack.what_is_left() == []


def _tell(story: Story) -> None:
    a, b = story.a, story.b
    a.publish()
    a.start(*CONTROL_PLANE)
    a.wait_for("dag-processor", "parsed.json")
    story.begin("pinned/a1", "failing/a2", "dropped/a3")

    story.seen["blocked"] = moved(story).ask("blocked")
    story.seen["published"] = b.publish()
    story.switch(a, b)
    story.seen["dropped"] = story.dag("dropped")
    story.begin("pinned/b1")
    story.backfill()
    story.end("pinned/a1", "failing/a2", "dropped/a3")
    story.seen["dropped is stale"] = eventually(lambda: story.dag("dropped").is_stale, within=30)

    story.switch(b, a)
    story.begin("pinned/a4")
    story.end("pinned/b1", "pinned/a4")


def moved(story: Story) -> Release:
    """Make a release like B, whose file of one DAG is another one."""
    made = Release(story.stack, "cccc0003-0c0c0c0c", story.stack.state / "releases" / "C")
    shutil.copytree(story.b.folder, made.folder)
    (made.folder / "dags" / "team").mkdir()
    (made.folder / "dags" / "pinned.py").rename(made.folder / "dags" / "team" / "pinned.py")
    return made


def test_a_run_keeps_its_release(story: Story) -> None:
    runs = {name: story.rest(name) for name in story.runs}
    assert {name: run.bundle_version for name, run in runs.items()} == {
        **{"pinned/a1": A, "failing/a2": A, "dropped/a3": A},
        **{"pinned/b1": B, "pinned/a4": A},
    }
    for run in runs.values():
        assert {version.bundle_version for version in run.dag_versions} == {run.bundle_version}


def test_a_run_has_the_tasks_of_its_release_and_none_is_removed(story: Story) -> None:
    done = "success"
    of_a = {"gate": done, "local": done, "remote": done, "old": done}
    of_b = {"gate": done, "local": done, "remote": done, "new": done, "added": done}
    assert {name: story.states(name) for name in story.runs if name.startswith("pinned")} == {
        **{"pinned/a1": of_a, "pinned/b1": of_b, "pinned/a4": of_a}
    }
    assert {task.try_number for run in story.runs.values() for task in run.tasks} == {1}


@pytest.mark.parametrize(("name", "word"), [("pinned/a1", "A"), ("pinned/b1", "B"), ("pinned/a4", "A")])
def test_a_task_has_the_bodies_of_its_release_on_either_executor(story: Story, name: str, word: str) -> None:
    """DAG file, plugins and fargate's own modules: none is of the other release's folder."""
    for task_id in ("local", "remote"):
        assert story.words(name, task_id) == [word, word, "False", "False"]


def test_a_trigger_has_the_code_of_its_release(story: Story) -> None:
    """The newer release has not even its class."""
    assert {name: story.words(name, "gate") for name in story.runs if "failing" not in name} == {
        **{"pinned/a1": "A", "dropped/a3": "A", "pinned/b1": "B", "pinned/a4": "A"}
    }


def test_a_fargate_task_runs_on_the_definition_of_its_release(story: Story) -> None:
    ecs, cluster = story.stack.client("ecs"), "airflow"
    for run_id, release in (("a1", story.a), ("b1", story.b), ("a4", story.a)):
        [ran] = story.stack.tasks_of(run_id)
        [task] = ecs.describe_tasks(cluster=cluster, tasks=[ran["arn"]])["tasks"]
        assert task["taskDefinitionArn"] == release.ask("show")[1][0]["task_definition"]
        assert [container["image"] for container in task["containers"]] == [release.image]


def test_a_callback_is_of_its_runs_release(story: Story) -> None:
    written = story.gates / "callback-a2"
    eventually(written.exists, within=30)
    assert story.states("failing/a2") == {"gate": "success", "fail": "failed"}
    assert written.read_text() == "A A False False"


def test_a_run_ends_whose_dag_the_new_release_has_no_more(story: Story) -> None:
    assert story.states("dropped/a3") == {"gate": "success", "after": "success"}
    kept = story.seen["dropped"]
    assert (kept.is_stale, kept.next_dagrun_run_after) == (False, None)
    assert story.seen["dropped is stale"]  # once its run had ended
    assert not story.dag("dropped").is_stale  # the release that has it serves again


def test_a_deploy_writes_one_version_of_a_dag(story: Story) -> None:
    assert story.versions("pinned") == [A, B, A]
    # Airflow writes over a version that no task has used
    assert story.versions("failing") == [A, A]
    assert story.versions("daily") == [B, A]
    assert story.versions("dropped") == [A]


def test_only_one_dag_processor_works(story: Story) -> None:
    """The second stood by while the first worked, and took over when that was gone."""
    assert story.seen[f"parsed while {B} stood by"] is False
    assert story.seen[f"{A} stopped with"] == [0]
    assert story.seen[f"{B} parsed"] == {"files": 3, "dags": 3, "import_errors": {}}
    assert story.seen[f"{A} parsed"] == {"files": 4, "dags": 4, "import_errors": {}}
    assert not story.b.health("dag-processor", "healthy").exists()


def test_only_a_moved_file_blocks_while_runs_need_it(story: Story) -> None:
    """Not the DAG that is gone, and not the trigger whose class is."""
    code, [found], _ = story.seen["blocked"]
    assert code == 7
    assert (found["kind"], found["dag_id"], found["release"], found["runs"]) == ("moved", "pinned", A, 1)
    assert (found["from"], found["to"]) == ("pinned.py", "team/pinned.py")


def test_the_record_says_what_the_release_is(story: Story) -> None:
    archived, record = story.seen["published"]
    assert archived["uploaded"] is True
    assert (record["release"], record["image"], record["revision"]) == (B, story.b.image, "abc")
    assert record["dags"] == {name: f"{name}.py" for name in ("daily", "failing", "pinned")}
    assert record["triggers"] == ["pipelines.gate_b.OpenB"]
    assert all(record["migration_heads"].values())


def test_what_runs_need_is_written_down(story: Story) -> None:
    """The run of the backfill waits, since its DAG is paused."""
    s3 = story.stack.client("s3")
    body = json.loads(s3.get_object(Bucket="airflow-deploy", Key="releases/needed.json")["Body"].read())
    assert [need["release"] for need in body["releases"]] == [A, B]
    _, now, _ = story.a.ask("needed")
    assert [(need["release"], need["unfinished"]) for need in now] == [(A, 0), (B, 1)]


def test_a_task_that_is_cleared_runs_again_on_its_runs_release(story: Story) -> None:
    """A serves, and has no task of this name."""
    body = ClearTaskInstancesBody(
        dry_run=False, only_failed=False, dag_run_id="b1", task_ids=[ClearTaskInstancesBodyTaskIdsInner("added")]
    )
    api = TaskInstanceApi(story.stack.airflow.client)
    story.stack.airflow.call(api.post_clear_task_instances, "pinned", body)
    eventually(lambda: story.rest("pinned/b1").state.value in ("queued", "running"), within=10)
    assert story.stack.finish(story.runs["pinned/b1"]) == "success"
    assert story.rest("pinned/b1").bundle_version == B
    assert story.words("pinned/b1", "added") == ["B", "B", "False", "False"]


def test_a_backfill_takes_the_newest_release(story: Story) -> None:
    """It was asked for while B served."""
    api = DagRunApi(story.stack.airflow.client)
    [run] = story.stack.airflow.all(api.get_dag_runs, "dag_runs", "daily")
    assert run.bundle_version == B
