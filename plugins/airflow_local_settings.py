"""The house's policy, which Airflow asks about every task of every DAG that it parses.

Every process of Airflow imports this module by this name, workers too: what a policy needs is imported
when the first task on Fargate is asked about.
https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/cluster-policies.html
"""

from typing import Any

__all__ = ["task_policy"]  # all else would become a setting of Airflow's

EXECUTOR = "fargate.executor.AwsFargateExecutor"


def task_policy(task: Any) -> None:
    """Refuse a DAG with a task that Fargate would refuse.

    :raises AirflowClusterPolicyViolation: naming the DAG, the task, the value and the legal ones
    """
    if not task.executor_config or not _on_fargate(task.executor):
        return
    from airflow.exceptions import AirflowClusterPolicyViolation

    from fargate import executor_config

    try:
        executor_config.check(task.executor_config)
    except ValueError as illegal:
        raise AirflowClusterPolicyViolation(f"DAG {task.dag_id!r}, task {task.task_id!r}: {illegal}") from None


def _on_fargate(executor: str | None) -> bool:
    """Tell whether an executor's alias, path or class name, or that of the default executor, is Fargate's."""
    from airflow.executors.executor_loader import ExecutorLoader

    if executor:
        found = ExecutorLoader.lookup_executor_name_by_str(executor, validate_teams=False)
    else:
        found = ExecutorLoader.get_executor_names(validate_teams=False)[0]
    return found.module_path == EXECUTOR
