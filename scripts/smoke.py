"""Tell whether a deployment works: start a DAG run by REST, and look at all that it leaves.

It logs in, starts the run, waits for its end, and looks for the labels of its mapped tasks, for its logs in S3, for
the release that it is pinned to, and, with --cluster, for the image that its Fargate tasks ran (ECS DescribeTasks,
with the AWS credentials of the environment).

exit codes: 0 all is well; 1 the run failed, 2 wrong usage, 3 out of time, 4 unknown DAG, 6 conf refused, 7 server not
reached, 8 login refused, 10 another answer of the API or of AWS; 11 a label, 12 a log, 13 the release, 14 the image,
15 the health page, with --watch.

example: scripts/smoke https://airflow.example.com --cluster airflow-production --digest sha256:…
"""

import argparse
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from airflow_client.client.exceptions import ApiException
from botocore.exceptions import BotoCoreError, ClientError

from scripts import smoke_checks
from scripts.airflow_api import Airflow, Exit, Problem, tell
from scripts.dag_run import DagRun, start
from scripts.failures import report_failures
from scripts.run_progress import Progress, label

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PARSED_WITHIN_S = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        with resolved(options.resolve):
            return smoke(options)
    except (Problem, ApiException) as error:
        return tell(error)
    except (BotoCoreError, ClientError) as error:
        print(f"error: AWS was asked for the tasks of {options.cluster}: {error}", file=sys.stderr)
        return Exit.API


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    usage, _, epilog = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="scripts/smoke", description=usage, epilog=epilog, formatter_class=layout)
    environment = os.environ.get
    parser.add_argument("url", metavar="URL", help="the address of the UI")
    parser.add_argument("--dag", default="smoke", help="the DAG to start (%(default)s)")
    parser.add_argument("--digest", type=digest, help="the image that has to run, sha256:…; needs --cluster")
    parser.add_argument("--cluster", help="the ECS cluster of the workers")
    parser.add_argument("--region", default=environment("AWS_DEFAULT_REGION"), help="its region; AWS_DEFAULT_REGION")
    parser.add_argument("--resolve", type=address, metavar="NAME=ADDRESS", help="as behind a tunnel")
    parser.add_argument("--timeout", type=float, default=600, metavar="S", help="seconds for the run (%(default)s)")
    parser.add_argument("--watch", type=float, default=0, metavar="S", help="seconds to look at the health page then")
    parser.add_argument("--username", default=environment("AIRFLOW_USERNAME", "rest"), help="AIRFLOW_USERNAME (rest)")
    parser.set_defaults(password=environment("AIRFLOW_PASSWORD"))
    options = parser.parse_args(arguments)
    if not re.match(r"https?://[^/]", options.url):
        parser.error(f"URL is {options.url!r}: it begins with https://")
    if options.password is None:
        parser.error(f"AIRFLOW_PASSWORD is not set: the password of {options.username}")
    if options.digest and not options.cluster:
        parser.error("--digest needs --cluster: ECS tells which image its tasks ran")
    if options.cluster and not options.region:
        parser.error("--cluster needs --region, or AWS_DEFAULT_REGION")
    return options


def digest(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no digest: sha256: and 64 hexadecimal digits")
    return text


def address(text: str) -> tuple[str, str]:
    name, equals, found = text.partition("=")
    if not (name and equals and found):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=ADDRESS")
    return name, found


@contextmanager
def resolved(pair: tuple[str, str] | None) -> Iterator[None]:
    """Let a name be at an address, as `curl --resolve` does; its certificate is still that of the name."""
    look_up = socket.getaddrinfo

    def at(host: Any, *arguments: Any, **options: Any) -> Any:
        return look_up(pair[1] if pair and host == pair[0] else host, *arguments, **options)

    socket.getaddrinfo = at
    try:
        yield
    finally:
        socket.getaddrinfo = look_up


def smoke(options: argparse.Namespace) -> int:
    run = started(options)
    print(f"{run.dag_id} {run.run_id}: {run.url}", flush=True)
    with Progress(f"{run.dag_id} {run.run_id}") as progress:
        state = run.wait(options.timeout, progress.show)
    if state != "success":
        print(f"error: the run is {state} after {run.seconds:.1f} s", file=sys.stderr)
        report_failures(run)
        return Exit.RUN_FAILED
    faults = list(looked_at(run, options))
    for fault in faults:
        print(f"error: {fault.message}", file=sys.stderr)
    if faults:
        return faults[0].code
    print(f"==> {options.url} works: {len(run.tasks)} tasks in {run.seconds:.1f} s", flush=True)
    return Exit.SUCCESS


def started(options: argparse.Namespace) -> DagRun:
    """Start the run; just after a first deploy, the DAG may have been parsed and not be there yet."""
    airflow = Airflow(options.url, options.username, options.password)
    run_id = f"smoke__{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
    deadline = time.monotonic() + PARSED_WITHIN_S
    while True:
        try:
            return start(airflow, options.dag, run_id, {}, unpause=True)
        except Problem as problem:
            if problem.code != Exit.UNKNOWN_DAG or "try again" not in str(problem) or time.monotonic() > deadline:
                raise
            time.sleep(1)


def looked_at(run: DagRun, options: argparse.Namespace) -> Iterator[smoke_checks.Fault]:
    """Say what there is, and give what is wrong with it."""
    told = [f"{task.task_id} {label(task)}".strip() for task in run.tasks]
    print(f"  tasks    {', '.join(told)}")
    yield from smoke_checks.labels(run)
    yield from smoke_checks.logs(run)
    print(f"  release  {smoke_checks.version(run) or 'none'}")
    yield from smoke_checks.release(run, options.digest)
    if options.cluster:
        found = smoke_checks.ran(boto3.client("ecs", region_name=options.region), options.cluster, run)
        print(f"  images   {', '.join(sorted(set(found.values()))) or 'none'}: {len(found)} Fargate tasks")
        yield from smoke_checks.images(run, found, options.digest)
    yield from smoke_checks.health(run.airflow, options.watch)


if __name__ == "__main__":
    sys.exit(main())
