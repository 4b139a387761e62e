"""The files of a release that are not in its image: what runs on the hosts, put into the deploy bucket."""

import os
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.ci.place import Place
from scripts.ci.stop import Stop

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "host"
# what is below a folder here -> the folder below host/scripts/
FOLDERS = {"scripts/deploy": "deploy", "docker/nginx": "nginx"}
SINGLE = ("docker/compose.yml", "docker/airflow.env")


def files(root: Path = ROOT) -> dict[str, Path]:
    """Return the files by their keys in the bucket; infra/host/sync.sh copies them to /opt/airflow."""
    found = {path.name: path for path in (*root.glob("scripts/*.sh"), *(root / name for name in SINGLE))}
    for folder, target in FOLDERS.items():
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found[f"{target}/{path.relative_to(root / folder)}"] = path
    return {f"{PREFIX}/scripts/{name}": path for name, path in sorted(found.items())}


def upload(place: Place) -> int:
    """Put them; return how many. HOST_COMPOSE names Docker's Compose plugin for the hosts, where it is to go along."""
    everything = files()
    if compose := os.environ.get("HOST_COMPOSE"):
        everything[f"{PREFIX}/bin/docker-compose"] = Path(compose)
    s3: Any = boto3.client("s3", region_name=place.region)
    for key, path in everything.items():
        try:
            s3.put_object(Bucket=place.deploy_bucket, Key=key, Body=path.read_bytes())
        except (OSError, BotoCoreError, ClientError) as error:
            raise Stop(4, f"s3://{place.deploy_bucket}/{key} was not written: {error}")
    return len(everything)
