"""Calls RunTask from several threads, as fast as the quotas allow, until ECS has given an answer that counts."""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from airflow._shared.observability.metrics import stats

from fargate import answers, payloads, recovery
from fargate import request as requests
from fargate.answers import Answer, Kind
from fargate.aws import Aws
from fargate.backlog import EVERYTHING, Backlog
from fargate.launch import Launch
from fargate.notices import Notices
from fargate.quota import Quota, TokenBucket
from fargate.releases import record

log = logging.getLogger(__name__)

ENTRY_POINT = ["python", "-m", "fargate.worker"]
# what costs no attempt is done again after so many seconds, more or less
AGAIN_S = {
    **{Kind.THROTTLED: 1.0, Kind.NO_ANSWER: 2.0, Kind.UNNAMED: 2.0},
    # what the next call would meet as well: others wait with it
    **{Kind.AT_LIMIT: 5.0, Kind.NO_ACCESS: 5.0},
}
ADVICE = {
    Kind.THROTTLED: "{asked} was throttled; the calls slow down and none is lost",
    Kind.NO_ANSWER: "{asked} gave no answer; the same request is sent again under the same token. If this goes on, "
    "look at the route or the VPC endpoint from the scheduler to ECS and S3, and at the region",
    Kind.UNNAMED: "ECS has a task and does not say which one it is; ListTasks is asked until it shows it",
    Kind.AT_LIMIT: "the account's vCPUs of {lane} or a subnet's addresses are all in use; tasks wait until some are "
    "free. A higher quota: Service Quotas, Fargate. More addresses: larger subnets",
    Kind.NO_ACCESS: "ECS and S3 cannot be used; tasks on Fargate wait. Look at the role of the scheduler, the region, "
    "the cluster and the payload bucket",
}
AHEAD_S = 15.0  # a loop of the scheduler with 5,000 tasks waiting took 7 s
RECENT_S = 240.0  # a payload's token holds for [scheduler] task_queued_timeout, 600 s


class Launcher:
    """Takes launches, and gives back those with an answer: started, refused, or no capacity.

    :param base: the arguments of RunTask that all tasks have
    :param token: makes the token of a workload for its subject
    """

    def __init__(
        self,
        aws: Aws,
        base: dict[str, Any],
        bucket: str,
        token: Callable[[str], str],
        quotas: dict[str, Quota],
        threads: int,
    ) -> None:
        self._aws, self._base, self._bucket, self._token = aws, base, bucket, token
        self._calls = TokenBucket(quotas["calls"])
        self._ahead = int(quotas["calls"].burst + quotas["calls"].rate * AHEAD_S)
        self._launches = {False: TokenBucket(quotas["launches"]), True: TokenBucket(quotas["spot launches"])}
        self._notices = Notices(log)
        self._answers: SimpleQueue[tuple[Launch, Answer]] = SimpleQueue()
        self._backlog = Backlog()
        self._stop = threading.Event()
        self._definitions: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"fargate-launch-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, within: float) -> None:
        """Begin no further call, and wait ``within`` seconds for the answers to those that were made."""
        self._stop.set()
        self._backlog.stop()
        deadline = time.monotonic() + within
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        self._notices.tell(at_once=True)

    def submit(self, launch: Launch, delay: float = 0.0) -> None:
        """Have a launch made after ``delay`` seconds, more or less."""
        self._backlog.put(launch, time.monotonic() + delay * random.uniform(0.5, 1.5))

    def room(self) -> int:
        """Return how many more launches keep the threads busy until the scheduler comes by again."""
        return self._ahead - self._backlog.due(spare=self._ahead)

    def answered(self) -> list[tuple[Launch, Answer]]:
        """Return what was answered since; called in every loop of the scheduler."""
        self._notices.tell()
        return [self._answers.get() for _ in range(self._answers.qsize())]

    def _work(self) -> None:
        while launch := self._backlog.next():
            if launch.revoked:
                continue
            try:
                answer = self._launch(launch)
            except Exception as error:
                log.exception("%s cannot be launched", launch.key)
                answer = Answer(Kind.REFUSED, f"{type(error).__name__}: {error}")
            if answer:
                self._conclude(launch, answer)

    def _launch(self, launch: Launch) -> Answer | None:
        """Make one call; None: the executor stops."""
        try:
            if found := recovery.find(self._aws, self._base["cluster"], self._bucket, launch):
                return found
            launch.asked = "S3"
            self._store(launch)
            launch.asked = "RunTask"
            run_task = self._aws.ecs.run_task  # a client that is yet to be made would let tokens pile up
            if not self._wait_for_quota(launch):
                return None
            launch.called_at = time.time()
            response = run_task(**(launch.request or {}))
        except Exception as error:
            return answers.of_error(error, requests.own_names(launch.config))
        return answers.of_response(response)

    def _conclude(self, launch: Launch, answer: Answer) -> None:
        kind = answer.kind
        if kind is Kind.STARTED:
            self._backlog.passed(launch.on_spot)
        if kind not in AGAIN_S:
            self._answers.put((launch, answer))
            return
        stats.incr(f"fargate.{kind.name.lower()}")
        launch.unnamed = launch.unnamed or kind is Kind.UNNAMED
        lane = "Fargate Spot" if launch.on_spot else "Fargate"
        advice = ADVICE[kind].format(asked=launch.asked, lane=lane)
        self._notices.warn(advice, f"{advice}: {answer.reason}")
        if kind is Kind.THROTTLED:
            self._calls.slow_down()
            self._launches[launch.on_spot].slow_down()
        elif kind is Kind.AT_LIMIT:
            self._backlog.hold(launch.on_spot, AGAIN_S[kind])  # each has a quota of its own
        elif kind is Kind.NO_ACCESS:
            self._backlog.hold(EVERYTHING, AGAIN_S[kind])
            self._aws.forget()
        self.submit(launch, AGAIN_S[kind])

    def _wait_for_quota(self, launch: Launch) -> bool:
        return all(bucket.wait(self._stop) for bucket in (self._launches[launch.on_spot], self._calls))

    def _base_of(self, release: str | None) -> dict[str, Any]:
        """Return the arguments of RunTask for tasks of a release: on the task definition that has its image."""
        if not release:
            return self._base
        if release not in self._definitions:
            self._definitions[release] = record.read(release, self._aws.s3).task_definition
        return {**self._base, "taskDefinition": self._definitions[release]}

    def _store(self, launch: Launch) -> None:
        """Store the workload and the request, so that the same call can be made by whoever comes after."""
        if launch.request and time.time() - launch.stored_at < RECENT_S:
            return
        launch.payload_key = launch.payload_key or f"{launch.launch_id}/{secrets.token_urlsafe(32)}"
        if launch.body is None:
            if launch.workload is None:
                raise payloads.PayloadGone("its payload is gone, so that it cannot be launched again")
            launch.body = launch.workload.model_dump(mode="json")
        launch.body["token"] = self._token(launch.subject)
        if not launch.request:
            launch.request = requests.build(
                self._base_of(launch.body["bundle_info"]["version"]),
                launch.config,
                launch_id=launch.launch_id,
                sequence=launch.sequence,
                command=[*ENTRY_POINT, f"{payloads.SCHEME}{self._bucket}/{launch.payload_key}"],
                tags=launch.tags,
                on_demand=launch.on_demand,
            )
            requests.check_length(launch.request)
        payload = {"workload": launch.body, "request": launch.request}
        payloads.put(self._aws.s3, self._bucket, launch.payload_key, payload)
        launch.stored_at = time.time()
