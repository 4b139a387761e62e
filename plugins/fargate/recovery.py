"""Finding what a scheduler that died, or a call without an answer, may have started."""

import time
from typing import Any

from fargate import payloads
from fargate.answers import Answer, Kind
from fargate.aws import Aws
from fargate.launch import Launch

# ListTasks shows a task a moment after RunTask, and tasks that stopped within the last hour:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
SHOWN_AFTER_S = 120.0
LOST = "its task has reported that it runs, and ECS knows no task of this launch"


def find(aws: Aws, cluster: str, bucket: str, launch: Launch) -> Answer | None:
    """Return the task of a launch that may have one, or None when the call is to be made (again).

    A payload that is there was read by nobody: its stored request is made ready to be sent again,
    which ECS answers with the task that it started, if it did. A payload that is gone was read by a
    task, which ListTasks shows, or was never stored, so that no call was made. Of a task that ECS has
    and did not name, ListTasks alone can tell.
    """
    if not (launch.recover or launch.unnamed):
        return None
    if launch.recover and not launch.ran and _read_back(aws, bucket, launch):
        launch.recover = False
        return None
    launch.asked = "ListTasks"
    if arn := _newest(aws.ecs, cluster, launch):
        launch.recover = False
        return Answer(Kind.STARTED, arn=arn)
    if launch.ran:
        lost = time.time() - launch.queued_at > SHOWN_AFTER_S
        return Answer(Kind.REFUSED if lost else Kind.UNNAMED, LOST)
    launch.recover = False
    return None


def _read_back(aws: Aws, bucket: str, launch: Launch) -> bool:
    launch.asked = "S3"
    found = aws.s3.list_objects_v2(Bucket=bucket, Prefix=f"{launch.launch_id}/").get("Contents")
    payload = payloads.get(aws.s3, bucket, found[0]["Key"]) if found else None
    if not payload:
        return False
    launch.payload_key = found[0]["Key"]
    launch.body = payload["workload"]
    sequence = int(payload["request"]["clientToken"].rpartition("-")[2])
    if launch.sequence <= sequence:
        launch.sequence, launch.request = sequence, payload["request"]
    return True


def _newest(ecs: Any, cluster: str, launch: Launch) -> str:
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=cluster, startedBy=launch.launch_id, desiredStatus=status)["taskArns"]
        if arn not in launch.former
    ]
    if len(arns) < 2:
        return "".join(arns)
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    return str(max(tasks, key=lambda task: task["createdAt"])["taskArn"])
