"""The sizes that a Fargate task may have."""

import pytest

from fargate.sizes import LEGAL_MEMORY
from infra.local.aws.sizes import LEGAL
from tests.infra.local.aws.cluster import refusal

# as listed on the page, in CPU units and MiB
LISTED = {
    256: [512, 1024, 2048],
    512: [1024, 2048, 3072, 4096],
    1024: [2048, 3072, 4096, 5120, 6144, 7168, 8192],
    2048: list(range(4096, 16385, 1024)),
    4096: list(range(8192, 30721, 1024)),
    8192: list(range(16384, 61441, 4096)),
    16384: list(range(32768, 122881, 8192)),
}
ILLEGAL = [
    ("256", "256"),
    ("256", "3072"),
    ("512", "512"),
    ("512", "5120"),
    ("1024", "1024"),
    ("1024", "2049"),
    ("2048", "17408"),
    ("4096", "7168"),
    ("4096", "31744"),
    ("8192", "17408"),
    ("8192", "65536"),
    ("16384", "36864"),
    ("128", "512"),
    ("768", "2048"),
    ("32768", "131072"),
]


def test_the_table_is_the_one_of_the_developer_guide():
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"""
    assert {cpu: list(memory) for cpu, memory in LEGAL.items()} == LISTED


def test_the_executor_has_the_same_table():
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"""
    ours = {int(cpu * 1024): [int(gib * 1024) for gib in memory] for cpu, memory in LEGAL_MEMORY.items()}
    assert ours == LISTED


@pytest.mark.parametrize("cpu", LISTED)
def test_every_legal_pair_can_be_registered(cluster, cpu):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
    for memory in LISTED[cpu]:
        definition = cluster.define(cpu=str(cpu), memory=str(memory))
        registered = cluster.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        assert (registered["cpu"], registered["memory"]) == (str(cpu), str(memory))


@pytest.mark.parametrize("cpu", LISTED)
def test_every_legal_pair_can_be_run(cluster, pages, cpu):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"""
    pages.inject(provision_s=3600)
    definition = cluster.define()
    for memory in LISTED[cpu]:
        request = cluster.request(definition=definition, overrides={"cpu": str(cpu), "memory": str(memory)})
        [task] = cluster.ecs.run_task(**request)["tasks"]
        assert (task["cpu"], task["memory"]) == (str(cpu), str(memory))
        cluster.stop(task["taskArn"])


@pytest.mark.parametrize(("cpu", "memory"), ILLEGAL)
def test_an_illegal_pair_cannot_be_registered(cluster, cpu, memory):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
    code, message = refusal(cluster.define, cpu=cpu, memory=memory)
    assert code == "ClientException"
    assert message.startswith("No Fargate configuration exists for given values")


@pytest.mark.parametrize(("cpu", "memory"), ILLEGAL)
def test_an_illegal_pair_cannot_be_run(cluster, cpu, memory):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"""
    code, message = cluster.refused(overrides={"cpu": cpu, "memory": memory})
    assert code == "ClientException"
    assert message.startswith("No Fargate configuration exists for given values")


def test_one_half_of_an_override_has_to_fit_the_definition(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"""
    assert "No Fargate configuration" in cluster.refused(overrides={"memory": "4096"})[1]
    [task] = cluster.ecs.run_task(**cluster.request(overrides={"memory": "2048"}))["tasks"]
    assert (task["cpu"], task["memory"]) == ("256", "2048")


@pytest.mark.parametrize("missing", ["cpu", "memory"])
def test_a_definition_for_fargate_names_both(cluster, missing):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
    container = [{"name": "main", "image": "local/test"}]
    request = {"family": "half", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"}
    half = {"cpu": "256", "memory": "512"}
    del half[missing]
    said = refusal(cluster.ecs.register_task_definition, containerDefinitions=container, **request, **half)
    assert said == ("ClientException", "Fargate requires that 'cpu' and 'memory' be defined at the task level.")


@pytest.mark.parametrize("gib", [21, 100, 200])
def test_legal_ephemeral_storage(cluster, gib):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html"""
    of_definition = cluster.run("true", definition=cluster.define(ephemeralStorage={"sizeInGiB": gib}))
    of_override = cluster.run(overrides={"ephemeralStorage": {"sizeInGiB": gib}})
    assert cluster.describe(of_definition)["ephemeralStorage"] == {"sizeInGiB": gib}
    assert cluster.describe(of_override)["ephemeralStorage"] == {"sizeInGiB": gib}


@pytest.mark.parametrize("gib", [0, 20, 201])
def test_illegal_ephemeral_storage(cluster, gib):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html"""
    disk = {"ephemeralStorage": {"sizeInGiB": gib}}
    assert "between 21 and 200 GiB" in refusal(cluster.define, **disk)[1]
    assert "between 21 and 200 GiB" in cluster.refused(overrides=disk)[1]


def test_a_task_has_20_gib_without_asking(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html"""
    assert cluster.describe(cluster.run("true"))["ephemeralStorage"] == {"sizeInGiB": 20}
