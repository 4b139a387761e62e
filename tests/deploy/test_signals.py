"""A worker's container ends when it is told to, as Fargate tells it: SIGTERM to the first process."""

import time

from tests.deploy.engine import Engine

SIGTERM_CODE = 143
# a worker that waits for S3, where nobody answers
NOBODY = ("--env", "AWS_ENDPOINT_URL=http://127.0.0.1:9", "--env", "AWS_DEFAULT_REGION=eu-central-1")
KEYS = ("--env", "AWS_ACCESS_KEY_ID=a", "--env", "AWS_SECRET_ACCESS_KEY=b")
WORKER = ("python", "-m", "fargate.worker", "s3://bucket/key")


def test_a_waiting_worker_ends_at_once(engine: Engine, image: str) -> None:
    """With an init process: of a first process, the kernel holds back each signal that it does not catch."""
    name = engine.out("run", "--detach", "--init", "--read-only", *NOBODY, *KEYS, image, *WORKER)
    try:
        until_said(engine, name, "asking again")
        begun = time.monotonic()
        engine.run("stop", "--time=30", name)
        assert time.monotonic() - begun < 10
        assert engine.out("inspect", name, "--format", "{{.State.ExitCode}}") == str(SIGTERM_CODE)
    finally:
        engine.run("rm", "--force", "--volumes", name)


def until_said(engine: Engine, name: str, text: str) -> None:
    end = time.monotonic() + 60
    while text not in (said := engine.out("logs", name)):
        assert time.monotonic() < end, said
        time.sleep(0.3)
