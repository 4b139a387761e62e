"""The ECS tasks that Fargate ran for a DAG run. ECS knows a stopped one for an hour."""

from collections.abc import Iterator
from typing import Any

from fargate.request import tag_value

DESCRIBED = 100  # the most that DescribeTasks takes
# in this order: a task that stops in between is then seen twice, and not never
STATUSES = ("RUNNING", "STOPPED")


def of_run(ecs: Any, cluster: str, dag_id: str, run_id: str) -> list[dict[str, Any]]:
    """Return what DescribeTasks tells of them.

    :param ecs: a client of boto3's
    """
    wanted = {("dag_id", tag_value(dag_id)), ("run_id", tag_value(run_id))}
    found = (task for task in _all(ecs, cluster) if wanted <= {(tag["key"], tag["value"]) for tag in task["tags"]})
    return list({task["taskArn"]: task for task in found}.values())


def digests(tasks: list[dict[str, Any]]) -> dict[str, str]:
    """Return the image that each task's containers ran, by the task's id; "" where ECS tells none."""
    found = {}
    for task in tasks:
        images = {container.get("imageDigest", "") for container in task["containers"]}
        found[str(task["taskArn"]).rpartition("/")[2]] = " ".join(sorted(images))
    return found


def _all(ecs: Any, cluster: str) -> Iterator[dict[str, Any]]:
    for status in STATUSES:
        for page in ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, desiredStatus=status, PaginationConfig={"PageSize": DESCRIBED}
        ):
            if arns := page["taskArns"]:
                yield from ecs.describe_tasks(cluster=cluster, tasks=arns, include=["TAGS"])["tasks"]
