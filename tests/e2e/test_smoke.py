"""scripts/smoke against a real deployment, as it is and with what it looks for missing."""

import subprocess

import pytest

from infra.local.names import CLUSTER, REGION
from tests.e2e.stack_under_test import ROOT, StackUnderTest, eventually

UNLABELLED = """
from airflow.sdk import dag, task


@dag(schedule=None)
def unlabelled():
    @task
    def each(x: int) -> int:
        return x

    each.expand(x=[1, 2])


unlabelled()
"""
BROKEN = """
from airflow.sdk import dag, task


@dag(schedule=None)
def fails():
    @task
    def fail() -> None:
        raise ValueError("this release cannot do it")

    fail()


fails()
"""
DIGEST = f"sha256:{'a' * 64}"
WITH_ECS = ("--cluster", CLUSTER, "--region", REGION)


def smoke(stack: StackUnderTest, *arguments: str) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests", "AWS_ENDPOINT_URL": stack.layout.aws_url}
    login = {"AIRFLOW_USERNAME": "admin", "AIRFLOW_PASSWORD": "admin"}
    command = [str(ROOT / "scripts" / "smoke"), stack.layout.airflow_url, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=stack.environment | keys | login, capture_output=True, text=True, timeout=300
    )


def test_a_deployment_that_works(stack: StackUnderTest) -> None:
    result = smoke(stack, *WITH_ECS, "--watch", "6")
    assert result.returncode == 0, result.stdout + result.stderr
    tasks = next(line for line in result.stdout.splitlines() if line.startswith("  tasks"))
    assert sorted(tasks.removeprefix("  tasks    ").split(", ")) == ["here", "there first place", "there second place"]
    # here, workers are processes: of no image, and of no release
    assert "  release  none\n  images   none: 2 Fargate tasks\n" in result.stdout
    run_id = result.stdout.split()[1].rstrip(":")
    assert {task["tags"]["task_id"] for task in stack.tasks_of(run_id)} == {"there"}


def test_another_release_than_the_one_that_was_deployed(stack: StackUnderTest) -> None:
    result = smoke(stack, *WITH_ECS, "--digest", DIGEST)
    assert result.returncode == 13
    assert "is pinned to none: FARGATE_RELEASE is not set" in result.stderr
    assert result.stderr.count(f"ran an image that ECS tells nothing of, not {DIGEST}") == 2


def test_another_cluster(stack: StackUnderTest) -> None:
    result = smoke(stack, "--cluster", "no-such-cluster", "--region", REGION)
    assert result.returncode == 10
    assert "error: AWS was asked for the tasks of no-such-cluster: " in result.stderr


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("unlabelled", UNLABELLED, 11, "each[1] has no label: is its map_index_template right?"),
        ("fails", BROKEN, 1, "    ValueError: this release cannot do it"),
    ],
)
def test_a_dag_that_does_not_do_as_it_should(
    stack: StackUnderTest, name: str, text: str, code: int, words: str
) -> None:
    (stack.layout.dags / f"{name}.py").write_text(text)
    from tests.e2e.test_new_dag_file import known_dags

    eventually(lambda: name in known_dags(stack), within=30)
    result = smoke(stack, "--dag", name)
    assert result.returncode == code, result.stdout + result.stderr
    assert words in result.stderr
