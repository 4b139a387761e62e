"""What a container runs: ``python -m fargate.worker s3://BUCKET/KEY``.

It does what ``airflow.sdk.execution_time.execute_workload`` does, with the workload from S3 and at
less cost: see fargate.shortcuts.
"""

import gc
import sys
import time
from collections.abc import Callable
from typing import Any

from fargate import payloads, settings, shortcuts, trust

USAGE = 2
PAYLOAD_GONE = 66  # EX_NOINPUT of sysexits.h; else a worker ends with 0, or with 1 after an exception
NO_ANSWER_FOR_S, PAUSE_S = 60.0, 2.0  # of S3, or of where a task gets its credentials

Run = Callable[[], Any]


class Unreachable(ConnectionError):
    """S3 did not answer; the message has no address, since that has the key of the payload."""


class IllegalWorkload(ValueError):
    """A payload that holds no workload of this Airflow; the message has none of its values."""


def main(arguments: list[str]) -> int:
    """Take the payload at the URI, run its workload, return the exit code of the process."""
    if len(arguments) != 1 or not arguments[0].startswith(payloads.SCHEME):
        print("usage: python -m fargate.worker s3://BUCKET/KEY", file=sys.stderr)
        return USAGE
    gc.disable()  # what is imported lives as long as the process
    trust.execution_api(settings.execution_api_ca())
    log = start_airflow()
    try:
        workload = take(arguments[0], log)
    except payloads.PayloadGone as gone:
        log.error("There is no workload to run", reason=str(gone))
        return PAYLOAD_GONE
    run = shortcuts.direct(workload) or as_airflow_does(workload)
    log.info("Executing workload", workload={key: workload[key] for key in workload if key != "token"})
    shortcuts.preload()
    shortcuts.notice_the_end_at_once()
    gc.freeze()
    gc.enable()
    run()
    return 0


def start_airflow() -> Any:
    """Import Airflow, with logs as JSON on stdout; return a logger."""
    with shortcuts.without_database():
        from airflow import settings as airflow_settings

    import structlog
    from airflow.sdk.log import configure_logging

    shortcuts.postpone_libcst()
    airflow_settings.dispose_orm(do_log=False)
    configure_logging(output=sys.stdout.buffer, json_output=True)
    return structlog.get_logger(logger_name="fargate.worker")


def take(uri: str, log: Any) -> dict[str, Any]:
    """Return the workload at the URI; ask again while nothing answers, since ECS starts this task only once.

    :raises Unreachable: after a minute without an answer
    """
    from botocore.exceptions import ConnectionError, CredentialRetrievalError, HTTPClientError

    deadline = time.monotonic() + NO_ANSWER_FOR_S
    while True:
        try:
            workload: dict[str, Any] = payloads.take(s3_client(), uri)["workload"]
            return workload
        except (CredentialRetrievalError, ConnectionError, HTTPClientError) as error:
            what = type(error).__name__
        if time.monotonic() > deadline:
            raise Unreachable(f"no payload from S3 within {NO_ANSWER_FOR_S:.0f} s: {what}")
        log.warning("No answer from S3; asking again", error=what)
        time.sleep(PAUSE_S)


def s3_client() -> Any:
    """Return the client for the payload, with which the log will be uploaded as well."""
    import boto3
    from airflow.sdk.configuration import conf
    from airflow.sdk.log import load_remote_log_handler

    client = boto3.client("s3")
    if not conf.get("logging", "remote_log_conn_id", fallback=""):  # a connection can have another identity
        shortcuts.lend(client, load_remote_log_handler())
    return client


def as_airflow_does(workload: dict[str, Any]) -> Run:
    """Return what runs a workload of any kind."""
    from airflow.executors import workloads
    from airflow.executors.base_executor import BaseExecutor
    from pydantic import TypeAdapter, ValidationError

    try:
        parsed = TypeAdapter[Any](workloads.All).validate_python(workload)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise IllegalWorkload(f"the payload holds no workload of this Airflow: {problems}") from None
    return lambda: BaseExecutor.run_workload(parsed, subprocess_logs_to_stdout=True)


if __name__ == "__main__":
    shortcuts.leave(main(sys.argv[1:]))
