"""The body of the proof's tasks in release RELEASE_NAME. What it writes is what the proof counts."""

import json
import os
import time
import uuid

import boto3

RELEASE = "RELEASE_NAME"


def work(run_id: str | None, kind: str, number: int, seconds: float, held: bool = False) -> str:
    """Say in S3 that this began, take its time, say that it ended.

    :param held: not before the object held/RUN is gone
    """
    s3, bucket = boto3.client("s3"), os.environ["LAKE_BUCKET"]
    key = f"proof/{run_id}/{kind}-{number:03}/{uuid.uuid4().hex}"
    s3.put_object(Bucket=bucket, Key=f"{key}.began", Body=json.dumps({"release": RELEASE}))
    time.sleep(seconds)
    while held and s3.list_objects_v2(Bucket=bucket, Prefix=f"held/{run_id}")["KeyCount"]:
        time.sleep(1)
    s3.put_object(Bucket=bucket, Key=f"{key}.ended", Body=json.dumps({"release": RELEASE}))
    return RELEASE
