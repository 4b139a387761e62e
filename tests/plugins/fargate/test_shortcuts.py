"""Each shortcut does what it says with this Airflow, and nothing where Airflow has not what it builds on."""

import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.providers.amazon.aws.log.s3_task_handler import S3RemoteLogIO

from fargate import shortcuts
from infra.local.layout import ROOT

WORKLOAD = {
    "type": "ExecuteTask",
    "token": "t",
    "ti": {
        "id": "0198c0de-0000-7000-8000-000000000001",
        "task_id": "t",
        "dag_id": "d",
        "run_id": "r",
        "try_number": 1,
        "dag_version_id": "0198c0de-0000-7000-8000-000000000001",
    },
    "bundle_info": {"name": "b", "version": "1"},
    "dag_rel_path": "d.py",
    "log_path": "t.log",
    "sentry_integration": "",
}


def python(code: str, folder: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process that has imported nothing yet."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "plugins"),
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        **extra,
    }
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("statement", "engine"),
    [("with shortcuts.without_database():", False), ("if True:", True)],
    ids=["with", "without"],
)
def test_a_worker_has_no_database(statement: str, engine: bool, tmp_path: Path) -> None:
    code = f"""
import os
from fargate import shortcuts
{statement}
    from airflow import settings
assert (settings.engine is not None) is {engine}
assert shortcuts.REEXECUTED not in os.environ, "run_as_user would be ignored"
"""
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("before", [None, "1"])
def test_the_mark_is_as_before(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    if before:
        monkeypatch.setenv(shortcuts.REEXECUTED, before)
    with shortcuts.without_database():
        assert os.environ[shortcuts.REEXECUTED] == "1"
    assert os.environ.get(shortcuts.REEXECUTED) == before


def test_nothing_that_a_task_needs_imports_libcst(tmp_path: Path) -> None:
    code = """
import sys
from fargate import shortcuts
shortcuts.postpone_libcst()
shortcuts.preload()
assert "libcst" not in sys.modules
assert set(shortcuts.NEEDED) <= set(sys.modules)
from airflow.sdk.bases.decorator import remove_task_decorator
source = "@task.virtualenv\\n@other\\ndef f():\\n    pass\\n"
for _ in range(2):
    assert remove_task_decorator(source, "@task.virtualenv") == "@other\\ndef f():\\n    pass\\n"
assert sys.modules["libcst"].CSTTransformer is not object
"""
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("body", ["import libcst\nlibcst.Name", "import libcst\nremover = 1"])
def test_an_airflow_that_needs_more_of_libcst_gets_it(
    body: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "decorators_of_tomorrow.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(shortcuts, "DECORATORS", "decorators_of_tomorrow")
    for name in [name for name in sys.modules if name.partition(".")[0] == "libcst"]:
        monkeypatch.delitem(sys.modules, name)
    shortcuts.postpone_libcst()
    assert "libcst" not in sys.modules
    module = importlib.import_module("decorators_of_tomorrow")
    assert body.endswith("1") or module.libcst.Name
    monkeypatch.delitem(sys.modules, "decorators_of_tomorrow")


@pytest.fixture
def handler(tmp_path: Path) -> Any:
    return S3RemoteLogIO(remote_base="s3://logs", base_log_folder=tmp_path, delete_local_copy=False)


def test_the_log_is_uploaded_with_the_client_that_is_there(handler: Any) -> None:
    client: Any = boto3.client("s3")
    shortcuts.lend(client, handler)
    assert handler.hook.get_conn() is client


@pytest.mark.parametrize(
    "other",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(hook=SimpleNamespace(client_type="logs", conn="its own")),
        SimpleNamespace(hook=SimpleNamespace(client_type="s3", conn="its own")),
    ],
)
def test_another_log_handler_keeps_its_client(other: Any) -> None:
    shortcuts.lend("ours", other)
    assert getattr(getattr(other, "hook", None), "conn", "its own") == "its own"


@pytest.fixture
def _server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://server/execution/")


@pytest.mark.usefixtures("_server")
def test_a_task_goes_straight_to_the_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time import supervisor

    run = shortcuts.direct(WORKLOAD)
    assert run
    assert not [name for name in ("token", "server") if name not in supervisor.supervise_task.__annotations__]
    asked: dict[str, Any] = {}
    monkeypatch.setattr(supervisor, "supervise_task", lambda *_, **options: asked.update(options))
    run()
    assert (asked["ti"].task_id, asked["bundle_info"].version) == ("t", "1")
    expected = {"token": "t", "server": "http://server/execution/", "log_path": "t.log", "dag_rel_path": "d.py"}
    assert asked.items() >= expected.items()
    assert asked["subprocess_logs_to_stdout"] is True


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in WORKLOAD.items() if name != key}


@pytest.mark.usefixtures("_server")
@pytest.mark.parametrize(
    "workload",
    [{}, {**WORKLOAD, "type": "ExecuteCallback"}, {**WORKLOAD, "ti": {}}, without("token"), without("log_path")],
)
def test_what_is_no_such_task_is_left_to_airflow(workload: dict[str, Any]) -> None:
    assert shortcuts.direct(workload) is None


@pytest.mark.usefixtures("_server")
@pytest.mark.parametrize("tomorrow", [lambda task: None, lambda *, ti, deadline: None, None])
def test_a_supervisor_of_tomorrow_is_left_to_airflow(tomorrow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time import supervisor

    monkeypatch.setattr(supervisor, "supervise_task", tomorrow)
    assert shortcuts.direct(WORKLOAD) is None


def test_a_server_that_is_not_set_is_left_to_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", raising=False)
    assert shortcuts.direct(WORKLOAD) is None


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], float]:
    """How long the supervisor waits for a task with these open sockets when a heartbeat is due in 5 s."""
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    waits: list[float] = []
    stock = lambda self, max_wait_time, raise_on_timeout=False: waits.append(max_wait_time)  # noqa: E731
    monkeypatch.setattr(ActivitySubprocess, "_service_subprocess", stock)
    shortcuts.notice_the_end_at_once()

    def wait(sockets: Any) -> float:
        subject: Any = SimpleNamespace(**({} if sockets is None else {"_open_sockets": sockets}))
        ActivitySubprocess._service_subprocess(subject, max_wait_time=5)
        return waits[-1]

    return wait


@pytest.mark.parametrize(("sockets", "expected"), [({"logs": 1}, 5), ({}, shortcuts.POLL_S), (None, 5)])
def test_who_has_closed_all_sockets_is_about_to_end(waited: Any, sockets: Any, expected: float) -> None:
    assert waited(sockets) == expected


def test_the_supervisor_has_what_that_builds_on() -> None:
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    assert "_open_sockets" in {attribute.name for attribute in ActivitySubprocess.__attrs_attrs__}
    assert callable(ActivitySubprocess._service_subprocess)


@pytest.mark.parametrize("tomorrow", [SimpleNamespace(), SimpleNamespace(_service_subprocess=lambda self: None)])
def test_a_supervisor_without_it_stays_as_it_is(tomorrow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time import supervisor

    monkeypatch.setattr(supervisor, "ActivitySubprocess", tomorrow)
    before = dict(vars(tomorrow))
    shortcuts.notice_the_end_at_once()
    assert vars(tomorrow) == before


@pytest.mark.parametrize("code", [0, 66])
def test_leaving_runs_exit_functions_and_loses_no_output(code: int, tmp_path: Path) -> None:
    script = f"""
import atexit, sys
from fargate import shortcuts
class Module:
    def __del__(self): print("torn down")
kept = Module()
atexit.register(print, "exit function")
print("out")
print("err", file=sys.stderr)
shortcuts.leave({code})
"""
    done = python(script, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "out\nexit function\n", "err\n")


def test_who_is_awaited_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    with pytest.raises(SystemExit, match="7"):  # the interpreter joins the thread then
        shortcuts.leave(7)
    release.set()
    thread.join()


def test_a_python_without_a_way_to_run_exit_functions_ends_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortcuts, "atexit", SimpleNamespace())
    with pytest.raises(SystemExit, match="7"):
        shortcuts.leave(7)
