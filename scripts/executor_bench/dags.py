"""The DAGs that are run: a fan-out of each size, and tasks that hold on until they are killed."""

from collections.abc import Iterable
from pathlib import Path

HOLDERS, HOLD_S = "hold", 3600

SOURCE = '''\
"""Written by scripts/bench_executor."""

import time

from airflow.sdk import DAG, task


@task(executor="FargateExecutor", retries=0)
def work(index: int, seconds: float) -> None:
    time.sleep(seconds)


for name, size, seconds in {fans}:
    with DAG(name, schedule=None, catchup=False) as dag:
        work.partial(seconds=seconds).expand(index=list(range(size)))
    globals()[name] = dag
'''


def fan_out(size: int) -> str:
    """Return the id of the DAG with ``size`` mapped tasks."""
    return f"launch_{size}"


def source(sizes: Iterable[int], holders: int) -> str:
    """Return a DAG file with a fan-out of each size, and one whose tasks run until somebody ends them."""
    fans = [(fan_out(size), size, 0) for size in sizes] + [(HOLDERS, holders, HOLD_S)]
    return SOURCE.format(fans=fans)


def write(folder: Path, sizes: Iterable[int], holders: int) -> None:
    (folder / "bench.py").write_text(source(sizes, holders))
