"""What became of the proof's runs: what their tasks wrote to S3, and what Airflow says of them."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RUN = "SELECT state, bundle_version FROM dag_run WHERE run_id = %s"
TASKS = """
    SELECT t.task_id, t.map_index, t.state, t.try_number, v.bundle_version
    FROM task_instance t LEFT JOIN dag_version v ON v.id = t.dag_version_id WHERE t.run_id = %s
"""
EARLIER_TRIES = "SELECT task_id, map_index, try_number FROM task_instance_history WHERE run_id = %s"
VERSIONS = "SELECT dag_id, bundle_version, count(*) FROM dag_version GROUP BY 1, 2"


@dataclass(frozen=True)
class Account:
    """What is wrong with a run; all empty is right. Names are KIND-NUMBER or task ids."""

    state: str | None
    release: str | None
    lost: list[str]
    doubled: list[str]
    unfinished: list[str]
    wrong_body: dict[str, str]
    rerun: list[str]
    not_succeeded: dict[str, str]
    wrong_release: list[str]
    tasks: list[str]

    @property
    def faults(self) -> dict[str, Any]:
        kept = ("lost", "doubled", "unfinished", "wrong_body", "rerun", "not_succeeded", "wrong_release")
        return {name: getattr(self, name) for name in kept if getattr(self, name)}


class Ledger:
    """Reads the lake bucket and, by ``ask``, the database."""

    def __init__(self, s3: Any, bucket: str, ask: Callable[..., list[Any]]) -> None:
        self._s3, self._bucket, self._ask = s3, bucket, ask

    def account(self, run_id: str, body: str, expected: dict[str, int]) -> Account:
        """Return what became of a run.

        :param body: what the tasks of the run's release write
        :param expected: how many tasks of each kind there have to be
        """
        began, ended, bodies = self._written(run_id)
        names = {f"{kind}-{number:03}" for kind, count in expected.items() for number in range(count)}
        [(state, release)] = self._ask(RUN, run_id) or [(None, None)]
        tasks = self._ask(TASKS, run_id)
        return Account(
            state=state,
            release=release,
            lost=sorted(names - began.keys()),
            doubled=sorted(name for name, count in began.items() if count > 1),
            unfinished=sorted(name for name, count in began.items() if ended[name] < count),
            wrong_body={name: written for name, written in bodies.items() if written != body},
            rerun=[f"{task}[{index}] #{number}" for task, index, number in self._ask(EARLIER_TRIES, run_id)],
            not_succeeded={f"{task}[{index}]": str(now) for task, index, now, *_ in tasks if now != "success"},
            wrong_release=[f"{task}[{index}]: {of}" for task, index, *_, of in tasks if of != release],
            tasks=sorted({task for task, *_ in tasks}),
        )

    def versions(self) -> dict[str, int]:
        """Return how many versions each DAG has of each release, as DAG@RELEASE."""
        return {f"{dag}@{release}": count for dag, release, count in self._ask(VERSIONS)}

    def _written(self, run_id: str) -> tuple[Counter[str], Counter[str], dict[str, str]]:
        began, ended, bodies = Counter[str](), Counter[str](), dict[str, str]()
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"proof/{run_id}/")
        for key in (entry["Key"] for page in pages for entry in page.get("Contents", ())):
            name = key.split("/")[2]
            (began if key.endswith(".began") else ended)[name] += 1
            body = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())["release"]
            if bodies.setdefault(name, body) != body:
                bodies[name] += f", {body}"
        return began, ended, bodies
