"""Asks ECS what became of the tasks that it started, in a thread of its own."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from airflow._shared.observability.metrics import stats

from fargate import answers
from fargate.answers import Kind
from fargate.aws import Aws
from fargate.notices import Notices

log = logging.getLogger(__name__)

AT_ONCE = 100  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
EVERY_S = 3.0  # a look at all tasks begins no sooner than this after the last one
# DescribeTasks shares a quota of 20 calls a second with ListTasks and the console:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
BETWEEN_CALLS_S = 0.1
AFTER_A_FAILURE_S = (0.5, 1.5)
# "MISSING" soon after the start is no more than ECS's eventual consistency:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
MISSING = "MISSING"


class Watcher:
    """Looks at all tasks again and again, and gives back how each one is.

    :param active: returns the ARNs of the tasks to look at; called in the watcher's thread
    """

    def __init__(self, aws: Aws, cluster: str, active: Callable[[], list[str]]) -> None:
        self._aws, self._cluster, self._active = aws, cluster, active
        self._notices = Notices(log)
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, Any]] = {}  # the last look alone: nobody may ask for minutes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="fargate-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def seen(self) -> list[dict[str, Any]]:
        """Return the tasks that were looked at since, as DescribeTasks tells them.

        A task that ECS does not know is ``{"taskArn": …, "lastStatus": "MISSING"}``.
        """
        with self._lock:
            found, self._seen = self._seen, {}
        return list(found.values())

    def _work(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            arns = self._active()
            for first in range(0, len(arns), AT_ONCE):
                self._look(arns[first : first + AT_ONCE])
            self._stop.wait(max(0.0, EVERY_S - (time.monotonic() - begun)))

    def _look(self, arns: list[str]) -> None:
        """Look at some tasks; what ECS does not tell of them is asked in the next round."""
        if self._ask(arns) is Kind.REFUSED and len(arns) > 1:
            # one that ECS will not be asked for, such as a task of another cluster, must not hide the others
            half = len(arns) // 2
            self._look(arns[:half])
            self._look(arns[half:])

    def _ask(self, arns: list[str]) -> Kind | None:
        """Make one call and wait a little; return what kept ECS from answering."""
        if self._stop.is_set():
            return None
        failed = None
        try:
            self._take_up(self._aws.ecs.describe_tasks(cluster=self._cluster, tasks=arns))
        except Exception as error:
            failed = self._note(error)
        self._stop.wait(BETWEEN_CALLS_S if failed in (None, Kind.REFUSED) else random.uniform(*AFTER_A_FAILURE_S))
        return failed

    def _take_up(self, answer: dict[str, Any]) -> None:
        missing = [failure for failure in answer.get("failures", ()) if failure.get("reason") == MISSING]
        with self._lock:
            for task in (*answer["tasks"], *({"taskArn": entry["arn"], "lastStatus": MISSING} for entry in missing)):
                self._seen[task["taskArn"]] = task

    def _note(self, error: Exception) -> Kind:
        """Say what keeps ECS from telling; the tasks run on meanwhile."""
        stats.incr("fargate.describe_failed")
        try:
            answer = answers.of_error(error)
        except Exception:
            log.exception("DescribeTasks failed; asked again")
            return Kind.NO_ANSWER
        self._notices.warn(answer.kind, f"DescribeTasks: {answer.kind.value}, asked again: {answer.reason}")
        if answer.kind is Kind.NO_ACCESS:
            self._aws.forget()
        return answer.kind
