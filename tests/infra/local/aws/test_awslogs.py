"""The awslogs driver: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""

import itertools

import pytest

from tests.infra.local.aws.cluster import BOTH

ROLE = "arn:aws:iam::123456789012:role/execution"
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def logs(client):
    return client("logs")


@pytest.fixture
def group(logs):
    name = f"/tests/{next(NUMBERS)}"
    logs.create_log_group(logGroupName=name)
    return name


@pytest.fixture
def logging(cluster, group):
    """Register a definition whose container logs to ``group``, unless options say otherwise."""

    def define(**options):
        given = {
            "awslogs-group": group,
            "awslogs-region": "ap-northeast-2",
            "awslogs-stream-prefix": "worker",
            **options,
        }
        logs = {"logDriver": "awslogs", "options": given}
        return cluster.define(executionRoleArn=ROLE, container={"logConfiguration": logs})

    return define


@pytest.fixture
def lines(logs, group):
    """Return the messages that a task's stream holds."""

    def read(arn, container="main"):
        stream = f"worker/{container}/{arn.rpartition('/')[2]}"
        try:
            events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    return read


def test_lines_arrive_while_the_task_runs(cluster, logging, lines, until, tmp_path):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
    script = f"echo one; echo two >&2; printf thr; {wait}; echo ee; printf 'no end'"
    arn = cluster.run("sh", "-c", script, definition=logging())
    until(lambda: lines(arn) == ["one", "two"])
    assert cluster.describe(arn)["lastStatus"] == "RUNNING"
    (tmp_path / "go").touch()
    cluster.until(arn, "STOPPED")
    assert lines(arn) == ["one", "two", "three", "no end"]


def test_the_last_lines_of_a_killed_task(cluster, logging, lines, until):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    arn = cluster.run("sh", "-c", "echo whole; printf torn; kill -KILL $$", definition=logging())
    assert cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 137
    assert lines(arn) == ["whole", "torn"]


@BOTH
def test_what_a_task_says_when_it_is_stopped(cluster, logging, lines, until):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    arn = cluster.run("sh", "-c", "trap 'echo bye; exit 0' TERM; echo hello; sleep 60 & wait", definition=logging())
    until(lambda: lines(arn) == ["hello"])
    cluster.stop(arn)
    cluster.until(arn, "STOPPED")
    assert lines(arn) == ["hello", "bye"]


@BOTH
def test_each_task_has_a_stream(cluster, logging, logs, group):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    arns = cluster.run_all("sh", "-c", "echo hi", definition=logging(**{"awslogs-stream-prefix": "a/b"}), count=2)
    for arn in arns:
        cluster.until(arn, "STOPPED")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    expected = {f"a/b/main/{arn.rpartition('/')[2]}" for arn in arns}
    assert {stream["logStreamName"] for stream in streams} == expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\n\nb\n", ["a", "b"]),
        ("é", ["é"]),
        ("a\rb\n", ["a\rb"]),
        ("a\x0bb\x0cc\x1cd\n", ["a\x0bb\x0cc\x1cd"]),
        ("a\x85b\u2028c\n", ["a\x85b\u2028c"]),
        ("x" * 100_000 + "\ny", ["x" * 100_000, "y"]),
        ("\udcff\n", ["\ufffd"]),
    ],
)
def test_only_a_newline_ends_a_line(cluster, logging, lines, tmp_path, written, read):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    (tmp_path / "written").write_bytes(written.encode(errors="surrogateescape"))
    arn = cluster.run("cat", f"{tmp_path}/written", definition=logging())
    cluster.until(arn, "STOPPED")
    assert lines(arn) == read


def test_a_missing_group_keeps_the_task_from_starting(cluster, logging, tmp_path):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html"""
    task = cluster.stopped("touch", f"{tmp_path}/ran", definition=logging(**{"awslogs-group": "/no/such/group"}))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: failed to validate logger args")
    assert "The specified log group does not exist." in task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]
    assert not (tmp_path / "ran").exists()


@BOTH
def test_a_group_is_made_on_demand(cluster, logging, logs, group):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    options = {"awslogs-group": f"{group}/made", "awslogs-create-group": "true"}
    task = cluster.stopped("echo", "hi", definition=logging(**options))
    assert task["containers"][0]["exitCode"] == 0
    [stream] = logs.describe_log_streams(logGroupName=f"{group}/made")["logStreams"]
    events = logs.get_log_events(logGroupName=f"{group}/made", logStreamName=stream["logStreamName"])["events"]
    assert [event["message"] for event in events] == ["hi"]


@BOTH
def test_a_group_that_is_deleted_takes_only_the_lines_with_it(cluster, logging, logs, lines, group, until):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    arn = cluster.run("sh", "-c", "echo one; sleep 0.3; echo two; sleep 0.8; exit 4", definition=logging())
    until(lambda: lines(arn) == ["one"])
    logs.delete_log_group(logGroupName=group)
    task = cluster.until(arn, "STOPPED")
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 4)


def test_a_task_that_empties_its_folder_goes_on_logging(cluster, logging, lines):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
    arn = cluster.run("sh", "-c", "echo one; touch new; rm -rf ./*; sleep 0.5; echo two; ls", definition=logging())
    assert cluster.until(arn, "STOPPED")["containers"][0]["exitCode"] == 0
    assert lines(arn) == ["one", "two"]
