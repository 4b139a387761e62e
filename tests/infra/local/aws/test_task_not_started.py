"""Tasks that never get as far as RUNNING."""

import pytest

from tests.infra.local.aws.cluster import BOTH


def not_started(cluster, pages, task):
    """Return why a task did not start, after checking that it has no trace of a container."""
    assert task["stopCode"] == "TaskFailedToStart"
    assert pages.history(task["taskArn"]) == ["PROVISIONING", "PENDING", "ACTIVATING", "DEPROVISIONING", "STOPPED"]
    assert "startedAt" not in task
    assert "exitCode" not in task["containers"][0]
    return task["stoppedReason"]


@BOTH
def test_an_image_that_cannot_be_pulled(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"""
    pages.inject(fail_pull=1)
    task = cluster.stopped("true")
    reason = not_started(cluster, pages, task)
    assert reason.startswith("CannotPullContainerError: ")
    assert cluster.image in reason
    assert "pullStoppedAt" not in task


@pytest.mark.parametrize("command", [("no-such-program",), ("/no/such/program",), ("/etc/passwd",)])
def test_a_program_that_cannot_be_found_or_run(cluster, pages, command):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"""
    reason = not_started(cluster, pages, cluster.stopped(*command))
    assert reason.startswith("CannotStartContainerError: ")
    assert f'"{command[0]}": executable file not found in $PATH' in reason


def test_a_file_that_is_no_program(cluster, pages, tmp_path):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"""
    file = tmp_path / "text"
    file.write_text("neither a script nor a binary\n")
    file.chmod(0o755)
    reason = not_started(cluster, pages, cluster.stopped(str(file)))
    assert reason.startswith("CannotStartContainerError: ")
    assert "Exec format error" in reason


@BOTH
def test_a_container_without_a_command(cluster, pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"""
    reason = not_started(cluster, pages, cluster.stopped())
    assert reason == "CannotStartContainerError: no command specified"
