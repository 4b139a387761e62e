"""Run the main DAG on the local stack through the REST API, and show what ran where.

usage: scripts/demo [name=value ...]     the conf of flight_delays, such as carriers='[]' for all
"""

import json
import sys
import time
import urllib.request
from datetime import timedelta
from typing import Any

from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.x_com_api import XComApi
from airflow_client.client.exceptions import ApiException, NotFoundException
from rich import box
from rich.console import Console
from rich.table import Table

from infra.local import stack
from infra.local.layout import Layout
from infra.local.names import LAKE, LOGS
from scripts.airflow_api import Airflow, Exit, Problem, tell
from scripts.conf import read_conf, run_id
from scripts.dag_run import DagRun, start
from scripts.failures import report_failures
from scripts.run_progress import Progress, by_task, label

DAG_ID = "flight_delays"
TIMEOUT_S = 900
NEEDED = ("postgres", "aws", "api-server", "scheduler", "dag-processor")
PARSED_WITHIN_S = 60


def main() -> int:
    if {"-h", "--help"} & set(sys.argv[1:]):
        print((__doc__ or "").strip())
        return Exit.SUCCESS
    layout = Layout.read()
    try:
        conf = {"force": True, **read_conf(None, None, sys.argv[1:])}
        airflow = _when_it_can_run(layout)
        key = time.strftime("demo-%Y%m%d-%H%M%S")
        run = start(airflow, DAG_ID, run_id(conf, key), conf, unpause=True, run_after=_ahead_of_the_schedule(airflow))
        with Progress(f"{DAG_ID} {run.run_id}") as progress:
            state = run.wait(TIMEOUT_S, progress.show, poll=0.5)
        stack.wait(layout)
    except (Problem, ApiException) as error:
        return tell(error)
    except stack.StackError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return Exit.UNREACHABLE
    show(run, layout)
    if state != "success":
        report_failures(run)
        return Exit.RUN_FAILED
    return Exit.SUCCESS


def _when_it_can_run(layout: Layout) -> Airflow:
    """Wait for what a run needs, which is not all of the stack, and for the DAG to be parsed; log in."""
    stack.wait(layout, NEEDED)
    airflow = Airflow(layout.airflow_url, "admin", "admin")
    deadline = time.monotonic() + PARSED_WITHIN_S
    while True:
        try:
            airflow.call(DAGApi(airflow.client).get_dag, DAG_ID)
        except NotFoundException:
            if time.monotonic() > deadline:
                log = layout.log / "dag-processor.log"
                raise Problem(Exit.UNKNOWN_DAG, f"{DAG_ID} was not parsed in {PARSED_WITHIN_S} s, see {log}") from None
            time.sleep(0.3)
        else:
            return airflow


def _ahead_of_the_schedule(airflow: Airflow) -> str | None:
    """Return a time just before the scheduled run that begins when the DAG is unpaused."""
    dag = airflow.call(DAGApi(airflow.client).get_dag, DAG_ID)
    due = dag.next_dagrun_run_after
    return (due - timedelta(seconds=1)).isoformat() if due and dag.is_paused else None


def show(run: DagRun, layout: Layout) -> None:
    """Print the table of what ran where, the result, and where the UI is."""
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=176)
    console.print(table(run, fargate_tasks(layout, run)))
    console.print(f"result   {xcom(run, 'finish') or run.state}", soft_wrap=True)
    console.print(f"report   s3://{LAKE}/reports/{run.dag_id}.html", soft_wrap=True)
    console.print(f"         {layout.aws_url}/{LAKE}/reports/{run.dag_id}.html", soft_wrap=True)
    console.print(f"run      {run.state} in {run.seconds:.1f} s: {run.url}", soft_wrap=True)
    console.print(f"UI       {layout.airflow_url}   user admin, password admin", soft_wrap=True)


def table(run: DagRun, fargate: dict[tuple[str, str, str], dict[str, Any]]) -> Table:
    """Return a row for each task instance, joined with what Fargate ran for it."""
    columns = ("task", "map label", "runs on", "size", "ECS task", "state", "seconds", "peak MiB", "log in that folder")
    folder = f"s3://{LOGS}/airflow/dag_id={run.dag_id}/run_id={run.run_id}/"
    result = Table(title=f"{run.dag_id} {run.run_id}, logs in {folder}", title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        numeric = column in ("seconds", "peak MiB")
        result.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for task in (task for instances in by_task(run.tasks).values() for task in instances):
        ran = fargate.get((task.task_id, str(task.map_index), str(task.try_number)))
        result.add_row(*_row(task, ran))
    return result


def _row(task: Any, ran: dict[str, Any] | None) -> list[str]:
    state = str(getattr(task.state, "value", task.state) or "none")
    index = f"map_index={task.map_index}/" if task.map_index >= 0 else ""
    started = task.duration is not None
    log = f"task_id={task.task_id}/{index}attempt={task.try_number}.log" if started else ""
    size = f"{ran['cpu'] / 1024:g} vCPU, {ran['memory'] / 1024:g} GB" if ran else ""
    seconds = f"{task.duration:.1f}" if started else ""
    # a task whose container never started has no peak
    peak = f"{ran['peak_memory_mib']:.0f}" if ran and ran["peak_memory_mib"] is not None else ""
    where = ("Fargate" if task.executor == "FargateExecutor" else "local", size, ran["id"][:12] if ran else "")
    return [task.task_id, label(task), *where, state, seconds, peak, log]


def fargate_tasks(layout: Layout, run: DagRun) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return what the emulated Fargate ran for this run, by (task, map index, try)."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy knows this machine's ports
    with direct.open(f"{layout.aws_url}/_fargate/tasks", timeout=30) as answer:
        tasks = json.load(answer)
    mine = (task for task in tasks if task["tags"].get("run_id") == run.run_id)
    return {(t["tags"]["task_id"], t["tags"]["map_index"], t["tags"]["try_number"]): t for t in mine}


def xcom(run: DagRun, task_id: str) -> Any:
    """Return what a task returned, or None."""
    api = XComApi(run.airflow.client)
    entries = run.airflow.all(api.get_xcom_entries, "xcom_entries", run.dag_id, run.run_id, task_id)
    if not any(entry.key == "return_value" for entry in entries):
        return None
    entry = run.airflow.call(api.get_xcom_entry, run.dag_id, task_id, run.run_id, "return_value", deserialize=True)
    return entry.actual_instance.value


if __name__ == "__main__":
    sys.exit(main())
