"""Workloads of real task instances, as the scheduler would hand them to an executor.

usage: python -m scripts.queued_workloads DAG_ID     in the environment of the control plane

Puts every task instance of the DAG that has no state into QUEUED and prints its ExecuteTask
workload, a line of JSON each. The scheduler must not run, or it would queue them itself.
"""

import sys

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print((__doc__ or "").strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    generator = BaseExecutor(parallelism=1).jwt_generator
    query = select(TaskInstance).where(TaskInstance.dag_id == arguments[0], TaskInstance.state.is_(None))
    with create_session() as session:
        for ti in session.scalars(query):
            ti.state, ti.try_number = TaskInstanceState.QUEUED, 1
            print(ExecuteTask.make(ti, generator=generator).model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
