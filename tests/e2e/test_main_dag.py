"""The main job, as `make up` runs it: what ran where, what it left, and that doing it twice changes nothing."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.names import LAKE, LOGS
from tests.e2e.stack_under_test import StackUnderTest

LARGEST = {"UA", "B6", "EV", "DL", "AA"}
FLIGHTS_OF_THE_LARGEST = 248_312


def objects(stack: StackUnderTest, bucket: str, prefix: str) -> dict[str, Any]:
    """Return {key: (ETag, time of the last write)}."""
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {e["Key"]: (e["ETag"], e["LastModified"]) for page in pages for e in page.get("Contents", [])}


def test_the_table_says_what_ran_where(demo: str, stack: StackUnderTest, run_id: str) -> None:
    rows = [line.split() for line in demo.splitlines() if "attempt=1.log" in line]
    assert len(rows) == 11
    assert sum("Fargate" in row for row in rows) == 6
    ids = {task["id"][:12] for task in stack.tasks_of(run_id)}
    assert len(ids) == 6
    assert {word for row in rows for word in row} >= ids
    assert f"s3://{LOGS}/airflow/dag_id=flight_delays/run_id={run_id}/" in demo
    assert f"s3://{LAKE}/reports/flight_delays.html" in demo
    assert "5 carriers, 248,312 flights: 60 of 60 partitions changed, report changed." in demo
    assert f"{stack.layout.airflow_url}   user admin, password admin" in demo


def test_each_carrier_had_a_fargate_task_of_its_size(stack: StackUnderTest, run_id: str) -> None:
    tasks = [task for task in stack.tasks_of(run_id) if task["tags"]["task_id"].startswith("load_")]
    sizes = sorted((task["tags"]["task_id"], task["cpu"], task["memory"]) for task in tasks)
    assert sizes == [("load_large", 512, 2048)] * 4 + [("load_small", 256, 1024)]
    assert {task["exit_code"] for task in tasks} == {0}
    assert all(task["peak_memory_mib"] > 50 and task["cpu_seconds"] > 0.5 for task in tasks)
    assert not {name for task in tasks for name in task["environment"]} & {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__CORE__FERNET_KEY",
        "AWS_ACCESS_KEY_ID",
    }


def test_labels_are_shown(stack: StackUnderTest, run_id: str) -> None:
    from airflow_client.client.api.task_instance_api import TaskInstanceApi

    api = TaskInstanceApi(stack.airflow.client)
    tasks = stack.airflow.all(api.get_task_instances, "task_instances", "flight_delays", run_id)
    labels = {task.rendered_map_index for task in tasks if task.map_index >= 0}
    assert len(labels) == 5
    assert "UA · United Air Lines Inc." in labels


def test_logs_are_in_s3_and_read_back(stack: StackUnderTest, run_id: str) -> None:
    prefix = f"airflow/dag_id=flight_delays/run_id={run_id}/"
    logs = objects(stack, LOGS, prefix)
    assert len(logs) == 11
    assert f"{prefix}task_id=load_large/map_index=0/attempt=1.log" in logs
    # a worker's own copy is out of the api-server's reach, so that what it shows is from S3
    assert not list((stack.state / "log" / "tasks").rglob("task_id=load_large/map_index=0/*"))
    run = stack.start("flight_delays", run_id, {"force": True})
    run.refresh()
    [united] = [task for task in run.tasks if task.rendered_map_index == "UA · United Air Lines Inc."]
    log = stack.log_of(run, united, "United Air Lines Inc.: 58665 flights of 58665 announced")
    assert f"s3://{LOGS}/{prefix}task_id=load_large/map_index={united.map_index}/attempt=1.log" in log


def test_the_report_is_served_to_who_may_read_the_dag(stack: StackUnderTest, demo: str) -> None:
    url = f"{stack.layout.airflow_url}/reports/flight_delays"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url)
    token = stack.airflow.client.configuration.access_token
    answer = urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}))
    page = answer.read().decode()
    assert answer.url.startswith(f"{stack.layout.aws_url}/{LAKE}/reports/flight_delays.html?")
    assert answer.headers["Content-Type"] == "text/html"
    assert f"{FLIGHTS_OF_THE_LARGEST:,}" in page


@pytest.fixture
def untouched(stack: StackUnderTest, demo: str) -> Iterator[None]:
    """Fail unless every object of the lake is afterwards what it was, not even written again."""
    before = objects(stack, LAKE, "")
    assert len([key for key in before if key.startswith("flights/carrier=")]) == 60
    yield
    assert objects(stack, LAKE, "") == before


def returned(stack: StackUnderTest, run_id: str) -> str:
    from airflow_client.client.api.x_com_api import XComApi

    entry = stack.airflow.call(
        XComApi(stack.airflow.client).get_xcom_entry, "flight_delays", "finish", run_id, "return_value"
    )
    return str(json.loads(entry.to_json())["value"]).strip('"')


@pytest.mark.usefixtures("untouched")
def test_a_second_run_changes_nothing_and_says_so(stack: StackUnderTest) -> None:
    run = stack.start("flight_delays", "again")
    assert stack.finish(run) == "success"
    assert stack.tasks_of("again") == []
    assert returned(stack, "again").startswith("Nothing new")


@pytest.mark.usefixtures("untouched")
def test_loading_again_by_force_gives_the_same_bytes(stack: StackUnderTest) -> None:
    run = stack.start("flight_delays", "forced", {"force": True, "carriers": ["AA", "UA"], "months": ["2013-01"]})
    assert stack.finish(run) == "success"
    assert len(stack.tasks_of("forced")) == 3
    assert returned(stack, "forced") == ("2 carriers, 7,431 flights: 0 of 2 partitions changed, report as it was.")


def test_conf_runs_all_carriers(stack: StackUnderTest, demo: str) -> None:
    run = stack.start("flight_delays", "everyone", {"carriers": [], "months": ["2013-02"]})
    assert stack.finish(run) == "success"
    labels = {task.rendered_map_index for task in run.tasks if task.map_index >= 0}
    # the five largest were loaded before, OO did not fly in February
    assert len(labels) == 10
    assert "HA · Hawaiian Airlines Inc." in labels
