"""The pages below ``/_fargate/``."""

import sys

import boto3
import pytest

TASK = {
    "id": str,
    "arn": str,
    "definition": str,
    "started_by": str,
    "tags": dict,
    "command": list,
    "environment": list,
    "cpu": int,
    "memory": int,
    "disk": int,
    "provider": str,
    "status": str,
    "history": list,
    "pid": int,
    "image_digest": type(None),
    "exit_code": int,
    "stop_code": str,
    "stopped_reason": str,
    "container_reason": type(None),
    "peak_memory_mib": float,
    "cpu_seconds": float,
}
BUSY = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass\ntime.sleep(0.4)"


def test_what_ran(cluster, pages):
    environment = [{"name": "TOKEN", "value": "secret-value"}, {"name": "A", "value": "b"}]
    definition = cluster.define(family=cluster.name, container={"environment": environment})
    arn = cluster.python(BUSY, definition=definition, startedBy="me", tags=[{"key": "k", "value": "v"}])
    cluster.until(arn, "STOPPED")
    task = pages.task(arn)
    assert {name: type(value) for name, value in task.items()} == TASK
    assert task["id"] == arn.rpartition("/")[2]
    assert task["definition"] == f"{cluster.name}:1"
    assert (task["started_by"], task["tags"]) == ("me", {"k": "v"})
    assert task["command"] == [sys.executable, "-I", "-S", "-c", BUSY]
    assert task["environment"] == ["A", "TOKEN"]
    assert (task["cpu"], task["memory"], task["disk"], task["provider"]) == (256, 512, 20, "FARGATE")
    assert (task["status"], task["exit_code"], task["stop_code"]) == ("STOPPED", 0, "EssentialContainerExited")
    assert task["stopped_reason"] == "Essential container in task exited"
    assert 2 < task["peak_memory_mib"] < 50
    assert 0.4 <= task["cpu_seconds"] < 0.8


def test_no_page_tells_a_value_of_the_environment(cluster, pages):
    environment = [{"name": "TOKEN", "value": "secret-value"}]
    cluster.stopped("true", definition=cluster.define(container={"environment": environment}))
    assert "secret-value" not in str(pages.get("tasks")) + str(pages.get("events"))


def test_a_task_that_has_not_run_yet(cluster, pages):
    pages.inject(provision_s=3600)
    task = pages.task(cluster.run("true"))
    assert [name for name, value in task.items() if value is None] == [
        "pid",
        "image_digest",
        "exit_code",
        "stop_code",
        "stopped_reason",
        "container_reason",
        "peak_memory_mib",
        "cpu_seconds",
    ]
    assert [entry["status"] for entry in task["history"]] == ["PROVISIONING"]


def test_tasks_are_told_in_the_order_of_their_launch(cluster, pages):
    pages.inject(provision_s=3600)
    arns = [cluster.run("true") for _ in range(3)]
    assert [task["arn"] for task in pages.get("tasks")][-3:] == arns


def test_a_started_server_is_healthy(pages):
    assert pages.ask("health") == (200, {"healthy": True})


@pytest.mark.parametrize("page", ["", "no-such-page", "task", "tasks2"])
def test_an_unknown_page_is_answered_with_the_list(pages, page):
    said = {"error": "the pages are health, tasks, events, faults and credentials/ROLE"}
    assert pages.ask(page) == (404, said)


@pytest.mark.parametrize(("method", "page"), [("PUT", "tasks"), ("POST", "faults"), ("DELETE", "events")])
def test_a_method_that_a_page_does_not_have(pages, method, page):
    assert pages.ask(page, method) == (405, {"error": "GET all pages, PUT /_fargate/faults"})


def test_the_credentials_of_a_container(server, monkeypatch):
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html"""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/_fargate/credentials/airflow-task")
    session = boto3.Session(region_name="ap-northeast-2")
    credentials = session.get_credentials()
    assert credentials.method == "container-role"
    assert credentials.get_frozen_credentials() == ("ASIALOCALONLY", "local-only", "local-only", None)
    assert not credentials.refresh_needed()
    assert session.client("sts", endpoint_url=server.url).get_caller_identity()["Account"] == "123456789012"


def test_the_credentials_name_their_role(pages):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"""
    answer = pages.get("credentials/airflow-task")
    assert answer["RoleArn"] == "arn:aws:iam::123456789012:role/airflow-task"
    assert answer.keys() == {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
