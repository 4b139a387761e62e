"""What makes a worker's start and end cheaper than Airflow's own command.

Each stands for itself, builds on as little of Airflow as it can, and does nothing where Airflow no
longer has what it builds on: the worker then goes Airflow's way. tests/plugins/fargate/ show of each
that it still does what it says.
"""

import atexit
import importlib
import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from types import ModuleType
from typing import Any, NoReturn

REEXECUTED = "_AIRFLOW__REEXECUTED_PROCESS"
# what the supervisor imports before it forks, or else the task after that
NEEDED = ("airflow.sdk.execution_time.task_runner", "airflow.dag_processing.dagbag")
DECORATORS = "airflow.sdk.definitions._internal.decorators"
POLL_S = 0.05


@contextmanager
def without_database() -> Iterator[None]:
    """Let Airflow be imported as by a task that was started anew for ``run_as_user``.

    That is Airflow's own way to leave out the database, which a worker has not. The mark is taken
    away again, since it would also keep a task from changing the user.
    """
    before = os.environ.get(REEXECUTED)
    os.environ[REEXECUTED] = "1"
    try:
        yield
    finally:
        del os.environ[REEXECUTED]
        if before is not None:
            os.environ[REEXECUTED] = before


def postpone_libcst() -> None:
    """Import libcst, 0.12 CPU-seconds, when a task asks for the source of its function, and not at the start.

    Only tasks that run in another Python do, such as ``@task.virtualenv``. One function uses libcst; it
    is replaced before anything imports it, by one that puts it back.
    """
    if "libcst" in sys.modules:
        return
    stand_in: Any = ModuleType("libcst")
    stand_in.CSTTransformer = object
    sys.modules["libcst"] = stand_in
    try:
        module: Any = importlib.import_module(DECORATORS)
        if hasattr(module, "remove_task_decorator"):
            module.remove_task_decorator = _with_libcst(module)
    except Exception:  # it makes more of libcst than it did
        sys.modules.pop(DECORATORS, None)
    finally:
        del sys.modules["libcst"]


def _with_libcst(module: Any) -> Callable[..., Any]:
    def remove_task_decorator(*args: Any, **options: Any) -> Any:
        return importlib.reload(module).remove_task_decorator(*args, **options)

    return remove_task_decorator


def lend(client: Any, log_handler: Any) -> None:
    """Let the upload of the log use this S3 client. It would make one of its own, at 0.1 CPU-seconds."""
    hook: Any = getattr(log_handler, "hook", None)
    if getattr(hook, "client_type", None) != "s3":
        return
    if isinstance(inspect.getattr_static(hook, "conn", None), cached_property):
        hook.conn = client


def direct(workload: dict[str, Any]) -> Callable[[], Any] | None:
    """Return what runs a task under Airflow's supervisor; None for other workloads, or another Airflow.

    BaseExecutor.run_workload does no more for a task, and brings executors and the command line with it.
    """
    if workload.get("type") != "ExecuteTask":
        return None
    try:
        supervisor = importlib.import_module("airflow.sdk.execution_time.supervisor")
        models = importlib.import_module("airflow.sdk.api.datamodels._generated")
        call = inspect.signature(supervisor.supervise_task).bind(
            ti=models.TaskInstance.model_validate(workload["ti"]),
            bundle_info=models.BundleInfo.model_validate(workload["bundle_info"]),
            dag_rel_path=workload["dag_rel_path"],
            token=workload["token"],
            server=_server(),
            log_path=workload["log_path"],
            subprocess_logs_to_stdout=True,
            sentry_integration=workload["sentry_integration"],
        )
    except (ImportError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return lambda: supervisor.supervise_task(*call.args, **call.kwargs)


def _server() -> str:
    conf = importlib.import_module("airflow.sdk.configuration").conf
    server: str = conf.get("core", "execution_api_server_url", fallback="")
    if not server:
        raise LookupError("where the server is then, BaseExecutor knows")
    return server


def preload() -> None:
    """Import what the task needs before garbage is collected again, and in the process that forks it."""
    for name in NEEDED:
        with suppress(ImportError):
            importlib.import_module(name)


def notice_the_end_at_once() -> None:
    """Have the supervisor look for the end of a task that has closed its sockets every 50 ms.

    It looks once and then waits for the next heartbeat, which is 5 s in one of two trivial tasks: the
    sockets of a process close a little before it can be reaped.
    """
    supervisor = importlib.import_module("airflow.sdk.execution_time.supervisor")
    task = getattr(supervisor, "ActivitySubprocess", None)
    service = getattr(task, "_service_subprocess", None)
    if service is None or "max_wait_time" not in inspect.signature(service).parameters:
        return

    def service_often(self: Any, max_wait_time: float, *args: Any, **options: Any) -> Any:
        if not getattr(self, "_open_sockets", True):
            max_wait_time = min(max_wait_time, POLL_S)
        return service(self, max_wait_time, *args, **options)

    task._service_subprocess = service_often  # type: ignore[union-attr]


def leave(code: int) -> NoReturn:
    """End the process after the exit functions, without the half CPU-second of tearing down its modules.

    The supervisor's forks end in this way too.
    """
    run_exit_functions = getattr(atexit, "_run_exitfuncs", None)
    if run_exit_functions is None or any(_is_awaited(thread) for thread in threading.enumerate()):
        sys.exit(code)
    run_exit_functions()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _is_awaited(thread: threading.Thread) -> bool:
    return thread is not threading.main_thread() and not thread.daemon
