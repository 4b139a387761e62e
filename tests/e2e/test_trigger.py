"""scripts/trigger against a real server; its exit codes in full are tested with a fake one."""

import json

import pytest

from tests.e2e.stack_under_test import StackUnderTest

BROKEN = """
from airflow.sdk import dag, task


@dag(schedule=None)
def broken():
    @task(map_index_template="{{ ('part ' ~ task.op_kwargs['x'])[:250] }}")
    def fail(x: int) -> None:
        if x > 1:
            raise ValueError(f"part {x} has no data")

    fail.expand(x=[1, 2, 3])


broken()
"""


def test_asking_twice_is_one_run(stack: StackUnderTest, demo: str) -> None:
    ask = ("scripts/trigger", "flight_delays", 'carriers=["UA"]', "--key", "twice", "--wait", "--json")
    first, second = (stack.run(*ask) for _ in range(2))
    told = [json.loads(answer.stdout) for answer in (first, second)]
    assert [entry["created"] for entry in told] == [True, False]
    assert told[0]["run_id"] == told[1]["run_id"]
    assert {entry["state"] for entry in told} == {"success"}


def test_another_conf_under_the_same_id_is_a_conflict(stack: StackUnderTest, demo: str) -> None:
    assert stack.run("scripts/trigger", "flight_delays", "--run-id", "mine", 'carriers=["UA"]').returncode == 0
    answer = stack.run("scripts/trigger", "flight_delays", "--run-id", "mine", 'carriers=["B6"]', check=False)
    assert answer.returncode == 9
    assert '{"carriers": ["UA"]}' in answer.stderr
    assert '{"carriers": ["B6"]}' in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["no_such_dag"], 4, "there is no DAG 'no_such_dag'"),
        (["every_minute"], 5, "every_minute is paused"),
        (["flight_delays", 'months=["2013-13"]'], 6, "'2013-13' does not match"),
        (["flight_delays", "carrier=UA"], 6, "has no parameter carrier; it has carriers, months, force"),
        (["ecs_run_task", "--unpause"], 6, "param1"),
        (["flight_delays", "--url", "http://127.0.0.1:9"], 7, "cannot be reached"),
        (["flight_delays", "--username", "nobody"], 8, "refuses the user 'nobody'"),
        (["flight_delays", "--conf", "[1]"], 2, "--conf is a JSON list"),
    ],
)
def test_bad_input_is_one_line_and_a_code_of_its_own(
    stack: StackUnderTest, demo: str, arguments: list[str], code: int, said: str
) -> None:
    stack.pause("every_minute")
    answer = stack.run("scripts/trigger", *arguments, check=False)
    assert (answer.returncode, len(answer.stderr.splitlines())) == (code, 1), answer.stderr
    assert said in answer.stderr


def test_failed_mapped_tasks_are_listed_by_label_with_their_log(stack: StackUnderTest) -> None:
    (stack.layout.dags / "broken.py").write_text(BROKEN)
    from tests.e2e.stack_under_test import eventually
    from tests.e2e.test_new_dag_file import known_dags

    eventually(lambda: "broken" in known_dags(stack), within=30)
    answer = stack.run("scripts/trigger", "broken", "--unpause", "--wait", check=False)
    assert answer.returncode == 1
    listed = [line for line in answer.stderr.splitlines() if line.startswith("failed:")]
    assert listed == ["failed: fail part 2 (try 1)", "failed: fail part 3 (try 1)"]
    assert "    ValueError: part 2 has no data" in answer.stderr
    assert "part 1 has no data" not in answer.stderr
