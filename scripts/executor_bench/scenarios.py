"""What is done to a stack, and what is measured while it is done."""

import sys
import time
from typing import Any

from scripts.executor_bench import consumption, dags, launches, meter
from scripts.executor_bench.stack import BenchStack, TookTooLong

QUEUED = "SELECT extract(epoch FROM min(queued_dttm)) FROM task_instance WHERE run_id LIKE %s"
SUCCESSES = "SELECT count(*) FROM task_instance WHERE run_id LIKE %s AND state = 'success'"
QUEUED_BY = "SELECT count(*) FROM task_instance WHERE run_id LIKE %s GROUP BY queued_by_job_id"
RUNNING = "SELECT map_index FROM task_instance WHERE run_id = %s AND state = 'running'"
SCHEDULER = "SELECT DISTINCT queued_by_job_id FROM task_instance WHERE run_id = %s AND queued_by_job_id IS NOT NULL"
LEFT_BEHIND = """
    SELECT map_index FROM task_instance
    WHERE run_id = %s AND queued_by_job_id = %s AND state IN ('queued', 'running')
"""
SHARED_BY = 2  # schedulers, and DAG runs for them
KILLED_AT = 0.4  # of the tasks launched
PROVISIONED_AFTER_S = 45  # no task ends by itself before it can be adopted
Figures = dict[str, float]


def launch(stack: BenchStack, count: int, latency_ms: float, runs: int = 1) -> Figures:
    """Launch ``count`` mapped tasks in each of ``runs`` DAG runs; measure how, until all have ended.

    The time of launching is from the moment at which the scheduler queued the first task until
    ECS answered for the last one; the tasks succeed as soon as they run.
    """
    name = f"launch-{time.time_ns()}"
    faults = stack.fargate("faults", {"noop": True, "run_task_latency_ms": latency_ms})
    since = stack.last_event()
    with consumption.Sampler(stack.roots) as sampler:
        for number in range(runs):
            stack.trigger(dags.fan_out(count), f"{name}-{number}")
        for number in range(runs):
            _end(stack, dags.fan_out(count), f"{name}-{number}", 60 + runs * count * (latency_ms / 1000 + 0.3))
    events, total = stack.fargate(f"events?since={since}"), runs * count
    begun, ended = float(stack.query(QUEUED, f"{name}-%")[0][0]), launches.last_launch(events)
    floor = launches.floor_s(total, (faults["quota"], faults["call_quota"]))
    return {
        "seconds": ended - begun,
        "floor": floor,
        "of_floor": (ended - begun) / floor,
        "of_quota": floor / (ended - begun),
        "refused": launches.refused(events),
        "extra": len(launches.started(events)) - total,
        "failed": total - stack.query(SUCCESSES, f"{name}-%")[0][0],
        "least_share": launches.least_share(stack.query(QUEUED_BY, f"{name}-%")),
        **_loops(stack, begun, ended),
        "memory": consumption.peak_mib(sampler.samples, begun, ended),
        **{f"cores_{part}": cores for part, cores in consumption.cores(sampler.samples, begun, ended).items()},
    }


def _loops(stack: BenchStack, begun: float, ended: float) -> Figures:
    loop = meter.within(stack.meter.taken, meter.LOOP, begun, ended)
    heartbeat = meter.within(stack.meter.taken, meter.HEARTBEAT, begun, ended)
    return dict(zip(("loop", "loop_longest", "heartbeat", "heartbeat_longest"), (*loop, *heartbeat), strict=True))


def shared(stack: BenchStack, count: int) -> Figures:
    """Launch with two schedulers, each of which takes the account's quota for its own."""
    with stack.second_scheduler():
        return launch(stack, count, 0, SHARED_BY)


def failures(stack: BenchStack, count: int) -> list[Figures]:
    """Kill the containers of ``count`` running tasks, one after another; measure until Airflow saw it."""
    run = f"hold-{time.time_ns()}"
    stack.fargate("faults", {})
    stack.trigger(dags.HOLDERS, run)
    running = stack.eventually(lambda: _all(stack.query(RUNNING, run), count), 300, f"{count} tasks to run")
    return [{"seen": _kill_container(stack, run, index)} for (index,) in running]


def _all(rows: list[Any], count: int) -> list[Any]:
    return rows if len(rows) == count else []


def _kill_container(stack: BenchStack, run: str, index: int) -> float:
    running = [task for task in stack.fargate("tasks") if task["status"] == "RUNNING" and task["pid"]]
    [task] = [task for task in running if launches.map_index(task) == index]
    stack.kill(task["pid"])
    killed = time.monotonic()
    stack.eventually(lambda: (index,) not in stack.query(RUNNING, run), 300, "a failure to be seen")
    return time.monotonic() - killed


def adoption(stack: BenchStack, count: int, latency_ms: float) -> Figures:
    """Kill the scheduler while it launches; measure until the next one has taken over what it launched."""
    run = f"adopt-{time.time_ns()}"
    stack.fargate("faults", {"noop": True, "run_task_latency_ms": latency_ms, "provision_s": PROVISIONED_AFTER_S})
    since = stack.last_event()
    stack.trigger(dags.fan_out(count), run)
    stack.eventually(lambda: len(_started(stack, since)) >= KILLED_AT * count, 120, "launches", every=0.05)
    [(job,)] = stack.query(SCHEDULER, run)
    stack.kill(stack.roots()["scheduler"].pid)
    killed = time.monotonic()
    launched = {launches.map_index(task) for task in _tasks(stack, since)}
    stack.eventually(lambda: not launched & {i for (i,) in stack.query(LEFT_BEHIND, run, job)}, 300, "an adoption")
    adopted = time.monotonic() - killed
    ended = _end(stack, dags.fan_out(count), run, 180)
    lost = count - stack.query(SUCCESSES, run)[0][0]
    return {"adopted": adopted, "lost": lost, "doubled": launches.doubled(_tasks(stack, since)), "ended": ended}


def _end(stack: BenchStack, dag_id: str, run: str, timeout: float) -> float:
    """Wait for the end of a run, or make one; the tasks that have not succeeded by then are counted."""
    begun = time.monotonic()
    try:
        stack.finish(run, timeout)
    except TookTooLong as error:
        print(f"error: {error}", file=sys.stderr)
        stack.give_up(dag_id, run)
    return time.monotonic() - begun


def _started(stack: BenchStack, since: int) -> list[str]:
    return launches.started(stack.fargate(f"events?since={since}"))


def _tasks(stack: BenchStack, since: int) -> list[dict[str, Any]]:
    started = set(_started(stack, since))
    return [task for task in stack.fargate("tasks") if task["id"] in started]
