"""The smaller DAGs on the running stack."""

from collections import Counter

from scripts.run_progress import label
from tests.e2e.stack_under_test import StackUnderTest, eventually

WAITING = 6


def test_executor_tour(stack: StackUnderTest) -> None:
    run = stack.start("executor_tour", "tour")
    assert stack.finish(run) == "success"
    ran = {task["tags"]["task_id"]: task for task in stack.tasks_of("tour")}
    assert set(ran) == {
        *("by_decorator", "by_argument", "by_default_args.first", "by_default_args.second"),
        *("on_spot", "squares", "city.report"),
    }
    assert (ran["by_argument"]["cpu"], ran["by_argument"]["memory"], ran["by_argument"]["disk"]) == (1024, 2048, 30)
    assert {task_id: task["provider"] for task_id, task in ran.items() if task["provider"] != "FARGATE"} == {
        "on_spot": "FARGATE_SPOT"
    }
    labels = {(task.task_id, label(task)) for task in run.tasks if task.map_index >= 0}
    assert labels == {
        *(("squares", f"{x}²") for x in (1, 2, 3)),
        *(("greet", name) for name in ("Seoul", "Newark")),
        *((f"city.{step}", name) for step in ("measure", "report") for name in ("ICN · Seoul", "EWR · Newark")),
    }


def test_waiting_containers_take_no_slot_and_leave_nothing(stack: StackUnderTest) -> None:
    stack.fargate("faults", {"provision_s": 20})
    runs = [stack.start("ecs_run_task", f"waiting-{n}", {"param1": f"hello {n}"}) for n in range(WAITING)]

    def states() -> Counter[str]:
        for run in runs:
            run.refresh()
        return Counter(str(task.state.value) for run in runs for task in run.tasks if task.state)

    eventually(lambda: states()["deferred"] == WAITING, within=60)
    assert states()["running"] == 0
    stack.fargate("faults", {})
    assert [stack.finish(run) for run in runs] == ["success"] * WAITING

    for number, run in enumerate(runs):
        tasks = {task.task_id: task for task in run.tasks}
        stack.log_of(run, tasks["look"], f"] param1 is hello {number}")
        stack.log_of(run, tasks["count"], f"] count 3 of 3: hello {number}")
    ecs = stack.client("ecs")
    assert ecs.list_task_definitions(familyPrefix="ecs_run_task", status="ACTIVE")["taskDefinitionArns"] == []
    assert (
        len(ecs.list_task_definitions(familyPrefix="ecs_run_task", status="INACTIVE")["taskDefinitionArns"]) == WAITING
    )


def test_housekeeping_deletes_what_is_deregistered(stack: StackUnderTest) -> None:
    assert revisions(stack, "INACTIVE"), "the test before this one leaves some"
    run = stack.start("housekeeping", "tidy")
    assert stack.finish(run) == "success"
    assert {task.task_id for task in run.tasks} == {
        *("remove_old_releases", "retire_task_definitions", "delete_expired_payloads")
    }
    assert {task.executor for task in run.tasks} == {None}
    assert revisions(stack, "INACTIVE") == []
    assert len(revisions(stack, "ACTIVE", family="airflow-worker")) == 1


def revisions(stack: StackUnderTest, status: str, family: str = "ecs_run_task") -> list[str]:
    answer = stack.client("ecs").list_task_definitions(familyPrefix=family, status=status)
    return list(answer["taskDefinitionArns"])


def test_every_minute_starts_by_itself(stack: StackUnderTest) -> None:
    from airflow_client.client.api.dag_api import DAGApi
    from airflow_client.client.api.dag_run_api import DagRunApi
    from airflow_client.client.models.dag_patch_body import DAGPatchBody

    dags, runs = DAGApi(stack.airflow.client), DagRunApi(stack.airflow.client)
    stack.airflow.call(dags.patch_dag, "every_minute", DAGPatchBody(is_paused=False))

    def scheduled() -> list[str]:
        found = stack.airflow.all(runs.get_dag_runs, "dag_runs", "every_minute")
        return [run.dag_run_id for run in found if run.run_type == "scheduled" and run.state.value == "success"]

    eventually(scheduled, within=120, every=1)
    stack.airflow.call(dags.patch_dag, "every_minute", DAGPatchBody(is_paused=True))
    assert [task["memory"] for task in stack.tasks_of(scheduled()[0])] == [512]
