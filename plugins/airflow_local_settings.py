"""The house's policy, which Airflow asks about every DAG that it parses, and every task of it.

Every process of Airflow imports this module by this name, workers too: what a policy needs is imported
when the first task on Fargate is asked about.
https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/cluster-policies.html
"""

from typing import Any

__all__ = ["dag_policy", "task_policy"]  # all else would become a setting of Airflow's

EXECUTOR = "fargate.executor.AwsFargateExecutor"


def dag_policy(dag: Any) -> None:
    """Tag a DAG with its release, so that each release has a version of it of its own.

    Airflow writes over the last version when nothing in a DAG but its code has changed: the source that the
    UI shows of older runs, and their callbacks, would be those of the newest release.
    """
    from fargate import settings

    if release := settings.release():
        dag.tags.add(f"release:{release}")


def task_policy(task: Any) -> None:
    """Refuse a DAG with a task that Fargate would refuse, or with illegal arguments of ``fargate(…)``.

    :raises AirflowClusterPolicyViolation: naming the DAG, the task, the value and the legal ones
    """
    if not task.executor_config:
        return
    from airflow.exceptions import AirflowClusterPolicyViolation

    from fargate import executor_config, request

    check = executor_config.check if _on_fargate(task.executor) else request.refuse_illegal
    try:
        check(task.executor_config)
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
