"""The local lane while the api-server is away, and while its scheduler is stopped."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from infra.local import account, services
from infra.local.environment import control_plane, shared
from infra.local.names import LAKE
from infra.local.processes import end_all
from scripts.dag_run import DagRun
from tests.e2e.api_proxy import ApiProxy
from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_new_dag_file import known_dags
from tests.form import FULL

OUTAGE_S = 60 if FULL else 20
THRESHOLD_S = 20
CHECK_S = 4
URL = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
LANES = {
    "LocalLane": shared()["AIRFLOW__CORE__EXECUTOR"],
    "LocalExecutor": "LocalExecutor,FargateExecutor:fargate.executor.AwsFargateExecutor",
}

DAGS = """
import os
import time
from pathlib import Path

import boto3
from airflow.sdk import dag, task

FOLDER = Path({folder!r})


def until_the_outage_is_this_old(seconds: int) -> None:
    s3 = boto3.client("s3")
    while not s3.list_objects_v2(Bucket=os.environ["LAKE_BUCKET"], Prefix="outage")["KeyCount"]:
        time.sleep(0.5)
    time.sleep(seconds)


@dag(schedule=None)
def through():
    for seconds in (1, {after}):  # the first ends in the middle of the outage, the second after it
        task(task_id=f"locally_{{seconds}}")(until_the_outage_is_this_old)(seconds)
        remote = task(task_id=f"on_fargate_{{seconds}}", executor="FargateExecutor")
        remote(until_the_outage_is_this_old)(seconds)


@dag(schedule=None)
def within():
    @task
    def locally() -> None:
        print("started while there was no api-server")

    @task(executor="FargateExecutor")
    def on_fargate() -> None:
        print("started while there was no api-server")

    locally()
    on_fargate()


@dag(schedule=None)
def drained():
    @task(retries=0)
    def wait(name: str) -> None:
        with (FOLDER / name).open("a") as file:
            file.write("begun\\n")
        while not (FOLDER / f"{{name}}.go").exists():
            time.sleep(0.2)
        with (FOLDER / name).open("a") as file:
            file.write("ended\\n")

    wait("{{{{ run_id }}}}")


through()
within()
drained()
"""


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StackUnderTest, ApiProxy]]:
    """A stack whose Execution API is reached through a proxy."""
    made = StackUnderTest(Path(tmp_path_factory.mktemp("lane")) / "stack")
    with ApiProxy(made.layout.airflow_url).running() as proxy:
        made.settings(**{URL: f"{proxy.url}/execution/"})
        made.make()
        workers_through(made, proxy)
        (made.layout.dags / "lanes.py").write_text(DAGS.format(folder=str(made.layout.tmp), after=OUTAGE_S + 10))
        eventually(lambda: known_dags(made) >= {"through", "within", "drained"}, within=60)
        yield made, proxy
        made.local("reset")
    assert made.what_is_left() == []


def workers_through(stack: StackUnderTest, proxy: ApiProxy) -> None:
    definition = account.worker_definition(stack.layout)
    environment = definition["containerDefinitions"][0]["environment"]
    next(entry for entry in environment if entry["name"] == URL)["value"] = f"{proxy.url}/execution/"
    stack.client("ecs").register_task_definition(**definition)


def states(run: DagRun) -> set[str | None]:
    run.refresh()
    return {task.state for task in run.tasks}


def test_an_outage_of_the_api_server_ends_neither_tasks_nor_the_scheduler(
    lane: tuple[StackUnderTest, ApiProxy],
) -> None:
    stack, proxy = lane
    scheduler = stack.pid("scheduler")
    through = stack.start("through", "through")
    eventually(lambda: states(through) == {"running"}, within=90)
    proxy.open = False
    begun = time.monotonic()
    stack.client("s3").put_object(Bucket=LAKE, Key="outage")
    time.sleep(5)
    within = stack.start("within", "within")
    time.sleep(OUTAGE_S - (time.monotonic() - begun))
    assert states(within) == {"queued"}
    assert states(through) == {"running"}, "what has ended could not say so"
    proxy.open = True
    assert [stack.finish(run) for run in (through, within)] == ["success", "success"]

    assert stack.pid("scheduler") == scheduler
    assert {(task.state, task.try_number) for run in (through, within) for task in run.tasks} == {("success", 1)}
    assert {task.executor or "LocalExecutor" for task in within.tasks} == {"LocalExecutor", "FargateExecutor"}
    assert {"PUT heartbeat", "PATCH run"} <= set(proxy.refused)
    # a worker reports success, uploads its log, and only then ends
    eventually(lambda: [task["exit_code"] for task in stack.tasks_of("through")] == [0, 0], within=30)


@pytest.fixture(scope="module")
def stack_without_scheduler(lane: tuple[StackUnderTest, ApiProxy]) -> StackUnderTest:
    stack, _ = lane
    services._rpc(stack.layout).stopProcess("scheduler")
    return stack


@contextmanager
def scheduler(stack: StackUnderTest, lane: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler that others soon take for dead, until this block ends."""
    environment = control_plane(stack.layout) | {
        "AIRFLOW__CORE__EXECUTOR": LANES[lane],
        "AIRFLOW__CORE__PARALLELISM": "4",  # the base class starts as many processes
        "AIRFLOW__SCHEDULER__MP_START_METHOD": "fork",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": str(THRESHOLD_S),
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": str(CHECK_S),
    }
    command = [str(stack.layout.venv / "bin" / "airflow"), "scheduler", "--skip-serve-logs"]
    with (stack.layout.log / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(command, env=environment, cwd=stack.layout.run, stdout=log, stderr=log)
        try:
            yield started
        finally:
            if started.poll() is None:
                end_all([psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)])
                started.wait()


# how often the task of a draining scheduler begins; the stock class is the control
DRAINED = [("LocalLane", 1), ("LocalExecutor", 2)] if FULL else [("LocalLane", 1)]


def begun(file: Path) -> int:
    return file.read_text().count("begun") if file.exists() else 0


def loops(stack: StackUnderTest, name: str) -> bool:
    return "Adopting or resetting orphaned tasks" in (stack.layout.log / f"{name}.log").read_text()


@pytest.mark.parametrize(
    ("executor", "times"), [("LocalLane", 1), ("LocalExecutor", 2)] if FULL else [("LocalLane", 1)]
)
def test_a_scheduler_that_drains_is_not_taken_for_dead(
    stack_without_scheduler: StackUnderTest, executor: str, times: int
) -> None:
    stack = stack_without_scheduler
    wrote = stack.layout.tmp / executor
    with scheduler(stack, executor, f"first-{executor}") as first:
        run = stack.start("drained", executor)
        eventually(lambda: begun(wrote), within=90)
        with scheduler(stack, executor, f"second-{executor}"):
            eventually(lambda: loops(stack, f"second-{executor}"), within=60)
            first.send_signal(signal.SIGTERM)
            if times == 1:
                time.sleep(THRESHOLD_S + 5 * CHECK_S)
            else:
                eventually(lambda: begun(wrote) == times, within=90)
            assert first.poll() is None, "the first scheduler waits for its task"
            wrote.with_suffix(".go").touch()
            first.wait(60)
            assert (stack.finish(run), begun(wrote)) == ("success", times)
            if times == 1:
                assert wrote.read_text() == "begun\nended\n"
                assert {task.try_number for task in run.tasks} == {1}
