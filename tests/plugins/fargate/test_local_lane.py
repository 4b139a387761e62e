"""The local lane with real processes: what runs, what is counted, and what a stop waits for."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import Pipe, SimpleQueue
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from infra.local.environment import parsing, shared
from tests.plugins.fargate.conftest import SECRET
from tests.plugins.fargate.workloads import workload

WITHIN_S = 20


class CannotBeUnpickled(Exception):
    """As a ServerResponseError of the task SDK's: its arguments are not those of its __init__."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(f"{message}: {status}")


class CannotBePrinted(Exception):
    def __str__(self) -> str:
        raise ValueError


def act(wanted: Any, conf: Any, folder: Path) -> None:
    """What the lane runs here in place of a task: what the task's id says."""
    name = wanted.ti.task_id
    with (folder / "ran").open("a") as file:
        file.write(f"{name} {os.getpid()}\n")
    if name.startswith("wait"):
        while not (folder / "go").exists():
            time.sleep(0.02)
    elif name == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif name != "succeed":
        raise ERRORS[name]


GATEWAY = httpx.Response(502, request=httpx.Request("PATCH", "http://api/run"))
ERRORS: dict[str, Exception] = {
    "unpickle": CannotBeUnpickled("Bad Gateway", status=502),
    "print": CannotBePrinted(),
    "pickle": ValueError(threading.Lock()),
    "gateway": httpx.HTTPStatusError("Server error '502 Bad Gateway'", request=GATEWAY.request, response=GATEWAY),
    "long": ValueError("x" * 1_000_000),
}


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Make a lane whose workers do what ``act`` says, and whose heartbeats are lines of a file."""
    from fargate import local_lane

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", SECRET)
    monkeypatch.setenv("AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC", "0.2")
    monkeypatch.setattr(local_lane, "run", partial(act, folder=tmp_path))
    monkeypatch.setattr(local_lane, "beat", partial(note, tmp_path / "beats"))
    monkeypatch.setattr(local_lane, "before_drain", [])
    made: list[Any] = []

    def make(parallelism: int = 4) -> Any:
        made.append(local_lane.LocalLane(parallelism))
        made[-1].job_id = 7
        made[-1].start()
        return made[-1]

    yield make
    (tmp_path / "go").touch()
    for lane in made:
        lane._template.send(None)
        assert lane._template.ended(within=WITHIN_S)


def note(file: Path, text: object) -> None:
    with file.open("a") as opened:
        opened.write(f"{text}\n")


def queue(lane: Any, *names: str, map_index: int = -1) -> list[Any]:
    workloads = [workload(task_id=name, map_index=map_index) for name in names]
    for entry in workloads:
        lane.queue_workload(entry, None)
    return [entry.key for entry in workloads]


def until(lane: Any, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        lane.heartbeat()
        time.sleep(0.02)


def ran(folder: Path) -> list[str]:
    return [line.split()[0] for line in (folder / "ran").read_text().splitlines()] if (folder / "ran").exists() else []


def test_a_workload_is_run_with_the_code_of_its_release(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.executors.base_executor import BaseExecutor

    from fargate import bundle, local_lane

    done: list[Any] = []
    monkeypatch.setattr(bundle, "run_as", done.append)
    monkeypatch.setattr(BaseExecutor, "run_workload", lambda *_, **__: done.append("run"))
    monkeypatch.setattr("airflow.executors.base_executor.get_execution_api_server_url", lambda _: "http://api")
    made = workload()
    made.bundle_info.version = "release-7"
    local_lane.run(made, conf=None)
    assert done == ["release-7", "run"]


def test_what_succeeds_is_reported_and_no_longer_counted(start: Callable[..., Any]) -> None:
    lane = start()
    [key] = queue(lane, "succeed")
    lane.heartbeat()
    assert lane.running == {key}
    until(lane, lambda: lane.event_buffer)
    assert (lane.get_event_buffer(), lane.running, lane.queued_tasks) == ({key: ("success", None)}, set(), {})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unpickle", f"{__name__}.CannotBeUnpickled: Bad Gateway: 502"),
        ("print", f"{__name__}.CannotBePrinted: <exception str() failed>"),
        ("pickle", "ValueError: <unlocked _thread.lock object"),
        ("gateway", "httpx.HTTPStatusError: Server error '502 Bad Gateway'"),
        ("long", "ValueError: xxx"),
        ("die", "its process on LocalExecutor ended with exit code -9"),
    ],
)
def test_whatever_ends_a_worker_is_a_reason_in_words(start: Callable[..., Any], name: str, reason: str) -> None:
    lane = start()
    [failed, fine] = queue(lane, name, "succeed")
    until(lane, lambda: len(lane.event_buffer) == 2)
    state, said = lane.event_buffer[failed]
    assert (state, lane.event_buffer[fine]) == ("failed", ("success", None))
    assert said.startswith(reason)
    assert len(said) <= 1000
    assert lane.running == set()


def test_the_base_class_breaks_on_such_an_exception() -> None:
    results: SimpleQueue[Any] = SimpleQueue()
    results.put(("key", "failed", ERRORS["unpickle"]))
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument"):
        results.get()  # as LocalExecutor does in the scheduler's loop
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(ERRORS["pickle"])


def test_no_more_is_taken_than_fits(start: Callable[..., Any], tmp_path: Path) -> None:
    lane = start(parallelism=2)
    names = [f"wait_{index}" for index in range(5)]
    queue(lane, *names[:2])
    lane.heartbeat()
    assert (lane.slots_available, len(lane.running)) == (0, 2)
    queue(lane, *names[2:])
    until(lane, lambda: len(ran(tmp_path)) == 2)
    for _ in range(5):
        lane.heartbeat()
    assert (len(ran(tmp_path)), len(lane.running), len(lane.queued_tasks)) == (2, 2, 3)
    (tmp_path / "go").touch()
    until(lane, lambda: len(lane.event_buffer) == 5)
    assert sorted(ran(tmp_path)) == names
    assert lane.slots_available == 2


def test_the_base_class_counts_nothing() -> None:
    from airflow.executors.local_executor import LocalExecutor

    stock = LocalExecutor(parallelism=2)
    stock.workers, stock.is_mp_using_fork = {}, False
    stock.start()
    stock._spawn_worker = lambda: None  # type: ignore[method-assign, no-untyped-call]
    for index in range(3):
        queue(stock, "succeed", map_index=index)
        stock.trigger_tasks(1)
    assert stock.slots_available == 2


def test_a_deferred_task_that_is_back_early_waits_for_its_worker(start: Callable[..., Any], tmp_path: Path) -> None:
    lane = start()
    [key] = queue(lane, "wait")
    until(lane, lambda: ran(tmp_path))
    queue(lane, "wait")
    lane.heartbeat()
    assert (lane.running, set(lane.queued_tasks)) == ({key}, {key})
    (tmp_path / "go").touch()
    until(lane, lambda: lane.event_buffer)
    assert lane.has_task(SameKey(key)), "the scheduler would fail it: it is over and not finished"
    until(lane, lambda: len(ran(tmp_path)) == 2 and not lane.running)


class SameKey:
    id = "another"

    def __init__(self, key: Any) -> None:
        self.key = key


@pytest.mark.parametrize("then", ["sync", "queue"])
def test_a_template_that_was_killed_is_replaced(start: Callable[..., Any], tmp_path: Path, then: str) -> None:
    lane = start()
    [lost] = queue(lane, "wait")
    until(lane, lambda: ran(tmp_path))
    lane._template._process.kill()
    lane._template._process.join()
    if then == "queue":
        queue(lane, "succeed")
    lane.heartbeat()
    assert lane.event_buffer[lost] == ("failed", "the process that starts local tasks was killed")
    [key] = queue(lane, "succeed")
    until(lane, lambda: key in lane.event_buffer)
    assert lane.event_buffer[key] == ("success", None)


def test_a_scheduler_that_is_gone_leaves_no_process(start: Callable[..., Any], tmp_path: Path) -> None:
    lane = start()
    queue(lane, "wait")
    until(lane, lambda: ran(tmp_path))
    template = psutil.Process(lane._template._process.pid)
    [worker] = template.children()
    lane._template._pipe.close()  # as the kernel does when the scheduler dies
    assert not lane._template.ended(within=0.5), "what runs is finished"
    (tmp_path / "go").touch()
    psutil.wait_procs([worker], timeout=WITHIN_S)
    assert lane._template.ended(within=WITHIN_S)
    assert not worker.is_running()
    lane.start()


def test_the_end_waits_with_heartbeats(start: Callable[..., Any], tmp_path: Path) -> None:
    lane = start()
    [key] = queue(lane, "wait")
    until(lane, lambda: ran(tmp_path))
    threading.Timer(1.5, (tmp_path / "go").touch).start()
    begun = time.monotonic()
    lane.end()
    assert 1.3 < time.monotonic() - begun < 5
    beats = (tmp_path / "beats").read_text().split()
    assert set(beats) == {"7"}
    assert 5 <= len(beats) <= 20
    assert lane.get_event_buffer() == {key: ("success", None)}
    lane.start()  # for the fixture to end


def test_hooks_run_before_the_drain_whatever_they_do(
    start: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from fargate import local_lane

    lane = start()
    queue(lane, "wait")
    until(lane, lambda: ran(tmp_path))

    def broken() -> None:
        time.sleep(0.5)
        raise ValueError("the other lane")

    local_lane.before_drain += [broken, (tmp_path / "go").touch]
    lane.end()  # for ever, unless the second hook runs before the drain
    assert "broken" in caplog.text
    assert "the other lane" in caplog.text
    assert len((tmp_path / "beats").read_text().split()) >= 2, "a slow hook stops no heartbeat"
    lane.start()


def test_a_heartbeat_that_fails_stops_nothing(
    start: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from fargate import local_lane

    def broken(job_id: object) -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr(local_lane, "beat", broken)
    lane = start()
    [key] = queue(lane, "succeed")
    lane.heartbeat()
    lane.end()
    assert lane.event_buffer[key] == ("success", None)
    assert "no database" in caplog.text
    lane.start()


def test_a_signal_to_the_group_ends_no_task(start: Callable[..., Any], tmp_path: Path) -> None:
    lane = start()
    [key] = queue(lane, "wait")
    until(lane, lambda: ran(tmp_path))
    template = psutil.Process(lane._template._process.pid)
    for process in (template, *template.children()):
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    until(lane, lambda: lane.event_buffer)
    assert lane.event_buffer[key] == ("success", None)


def test_a_worker_that_cannot_be_started_is_a_failure_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from fargate import worker_template

    def full(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(worker_template, "Worker", full)
    ours, theirs = Pipe()
    workers: dict[int, Any] = {}
    worker_template._start(workload(), print, theirs, workers)
    said = "no process could be started: [Errno 11] Resource temporarily unavailable"
    assert (ours.recv(), workers) == ((workload().key, "failed", said), {})


def test_no_fork_has_a_connection_to_the_database(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow import settings

    class Engine:
        pooled = True

        def dispose(self) -> None:
            self.pooled = False

    engine = Engine()
    monkeypatch.setattr(settings, "engine", engine)
    start()
    assert not engine.pooled


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of processes, which macOS does not have")
def test_processes_say_what_they_are(start: Callable[..., Any], tmp_path: Path) -> None:
    lane = start()
    queue(lane, "wait")
    until(lane, lambda: ran(tmp_path))
    template = psutil.Process(lane._template._process.pid)
    assert template.cmdline()[0] == "airflow worker -- LocalExecutor: <template>"


def test_a_process_with_threads_is_never_forked() -> None:
    from fargate.worker_template import start_method

    others = threading.active_count() > 1
    assert start_method() == ("spawn" if others or sys.platform != "linux" else "fork")
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    assert start_method() == "spawn"
    ended.set()
    thread.join()


def test_the_lane_has_a_size_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from fargate.local_lane import LocalLane

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", SECRET)
    monkeypatch.setenv("LOCAL_LANE_PARALLELISM", "3")
    assert (LocalLane().parallelism, LocalLane(5).parallelism) == (3, 5)
    assert int(shared()["LOCAL_LANE_PARALLELISM"]) < int(shared()["AIRFLOW__CORE__PARALLELISM"])


def test_tasks_name_the_lane_as_they_name_the_executor_of_airflow() -> None:
    from airflow.executors.executor_loader import ExecutorLoader
    from airflow.executors.local_executor import LocalExecutor

    default = ExecutorLoader.get_default_executor_name()
    for name in ("LocalExecutor", "LocalLane", "fargate.local_lane.LocalLane"):
        assert ExecutorLoader.lookup_executor_name_by_str(name) == default
    lane, _ = ExecutorLoader.import_executor_cls(default)
    assert (default.alias, lane.__name__, issubclass(lane, LocalExecutor)) == ("LocalExecutor", "LocalLane", True)
    assert lane.is_local


def test_a_worker_that_checks_the_name_imports_no_executor(tmp_path: Path) -> None:
    code = """
import sys
from airflow.executors.executor_loader import ExecutorLoader
print(ExecutorLoader.lookup_executor_name_by_str("LocalExecutor", validate_teams=False).module_path)
print([name for name in sys.modules if name in ("fargate.local_lane", "airflow.executors.local_executor")])
"""
    environment = {**os.environ, **parsing(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["fargate.local_lane.LocalLane", "[]"]
