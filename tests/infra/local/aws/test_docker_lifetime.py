"""What emulators whose tasks are containers leave on the engine, and where containers reach them."""

import json
import signal

import pytest

from infra.local.aws.docker import networks
from tests.infra.local.aws.cluster import Cluster
from tests.infra.local.aws.pages import Pages

EMULATOR = ("-m", "infra.local.aws", "--runtime", "docker")
ASK = "exec 3<>/dev/tcp/{}/{}; printf 'GET {} HTTP/1.0\\r\\n\\r\\n' >&3; read -r line <&3; [[ $line == *' 200 '* ]]"


@pytest.fixture
def emulator(start_emulator, network_of, image):
    """Start emulators; return the process of each and a cluster in it."""

    def start(folder):
        process, client = start_emulator(*EMULATOR, "--folder", str(folder), "--port")
        Pages(client("ecs").meta.endpoint_url).inject()
        return process, Cluster(client("ecs"), network_of(client), "tests", image)

    return start


@pytest.fixture
def left(engine):
    """Return the names of containers and networks that the emulator of a folder has on the engine."""

    def look(folder):
        label = json.dumps({"label": [f"infra.local.aws.folder={folder.resolve()}"]})
        containers = engine.call("GET", "/containers/json", all=1, filters=label)
        found = [name for container in containers for name in container["Names"]]
        return found + [network["Name"] for network in engine.call("GET", "/networks", filters=label)]

    return look


def end(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(60)


def test_an_emulator_that_ends_leaves_nothing(emulator, left, tmp_path):
    process, cluster = emulator(tmp_path)
    stubborn = cluster.define(container={"stopTimeout": 120})
    cluster.until(cluster.run("sleep", "600", definition=stubborn), "RUNNING")
    assert len(left(tmp_path)) == 2
    assert end(process) == 0
    assert left(tmp_path) == []


def test_an_emulator_removes_what_a_killed_one_left(emulator, left, tmp_path):
    process, cluster = emulator(tmp_path)
    cluster.until(cluster.run("sleep", "600"), "RUNNING")
    process.kill()
    process.wait()
    killed = left(tmp_path)
    assert len(killed) == 2
    process, _ = emulator(tmp_path)
    assert len(left(tmp_path)) == 1
    assert end(process) == 0
    assert left(tmp_path) == []


def test_the_address_stays_while_another_emulator_needs_it(emulator, tmp_path):
    first, _ = emulator(tmp_path / "first")
    second, other = emulator(tmp_path / "second")
    end(first)
    port = other.ecs.meta.endpoint_url.rpartition(":")[2]
    for page in ("/_fargate/health", "/_fargate/credentials/some-role"):
        task = other.stopped("bash", "-c", ASK.format(networks.ADDRESS, port, page))
        assert task["containers"][0]["exitCode"] == 0
    assert other.stopped("bash", "-c", ASK.format(networks.ADDRESS, port, "/no"))["containers"][0]["exitCode"] == 1
    assert end(second) == 0


def test_without_an_engine_it_says_how_to_get_one(start_emulator, tmp_path):
    process, _ = start_emulator(
        *EMULATOR, "--folder", str(tmp_path), "--port", "0", DOCKER_HOST=f"unix://{tmp_path}/none.sock"
    )
    assert process.wait() == 1
