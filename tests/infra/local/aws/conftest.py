"""One emulated AWS for the whole session, since installing it patches moto for the process."""

import os
import socket
import subprocess
import sys
import urllib.error
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.local.aws.docker.engine import Engine, NoEngine
from infra.local.aws.docker.runtime import docker
from infra.local.aws.server import AwsServer
from tests.infra.local.aws import small_image
from tests.infra.local.aws.cluster import NUMBERS, Cluster, until
from tests.infra.local.aws.pages import Pages

ROOT = Path(__file__).parents[4]
REGION = "ap-northeast-2"
SOONER = {"fargate.TICK_S": 0.015, "fargate.MEASURE_EVERY_S": 0.15, "task.PENDING_S": 0.02}


@pytest.fixture(name="until", scope="session")
def until_fixture() -> Any:
    return until


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in SOONER.items():
            patch.setattr(f"infra.local.aws.{name}", seconds)
        server = AwsServer(tmp_path_factory.mktemp("aws"), REGION)
        server.start()
        yield server
        server.stop()


def clients(url: str) -> Any:
    """Return what makes boto3 clients. They do not retry, so that what is refused is seen."""
    return partial(
        boto3.client,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="local-only",
        aws_secret_access_key="local-only",
        config=Config(retries={"max_attempts": 0}, max_pool_connections=32, proxies={}),
    )


@pytest.fixture(scope="session")
def client(server: AwsServer) -> Any:
    return clients(server.url)


@pytest.fixture(scope="module")
def start_emulator() -> Any:
    """Start emulators in processes of their own; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **environment: str) -> tuple[subprocess.Popen[bytes], Any]:
        port = str(free_port())
        paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", "PATH": os.environ["PATH"]}
        paths |= {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
        command = [sys.executable, *arguments, *([] if environment else [port])]
        process = subprocess.Popen(command, env={**paths, "AWS_PORT": port, **environment})
        started.append(process)
        until(lambda: process.poll() is not None or healthy(port), "a healthy emulator", 60)
        return process, clients(f"http://127.0.0.1:{port}")

    yield start
    for process in started:
        process.kill()
        process.wait()


def healthy(port: str) -> bool:
    try:
        return Pages(f"http://127.0.0.1:{port}").ask("health")[0] == 200
    except urllib.error.URLError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def ecs(client: Any) -> Any:
    return client("ecs")


@pytest.fixture(scope="session")
def network(client: Any) -> dict[str, Any]:
    return make_network(client)


@pytest.fixture
def network_of() -> Any:
    return make_network


def make_network(client: Any) -> dict[str, Any]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="workers", Description="workers")["GroupId"]
    return {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}}


@pytest.fixture(scope="session")
def engine() -> Engine:
    try:
        return Engine()
    except NoEngine as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def image(engine: Engine) -> Any:
    """A small image, by digest."""
    with small_image.built(engine) as name:
        yield name


@pytest.fixture(scope="session")
def containers(server: AwsServer, image: str) -> Any:
    """The runtime of tasks as containers."""
    made = docker(server.fargate.folder)
    made.open()
    yield made
    made.close()


@pytest.fixture
def runtime(request: pytest.FixtureRequest, server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which runtime the tasks of this test have: see BOTH and DOCKER in cluster.py."""
    name: str = getattr(request, "param", "process")
    if name == "docker":
        monkeypatch.setattr(server.fargate, "runtime", request.getfixturevalue("containers"))
    return name


@pytest.fixture
def new_cluster(request: pytest.FixtureRequest, runtime: str, ecs: Any, network: dict[str, Any]) -> Any:
    named = {"image": request.getfixturevalue("image")} if runtime == "docker" else {}
    return lambda: Cluster(ecs, network, f"tests-{next(NUMBERS)}", **named)


@pytest.fixture
def cluster(new_cluster: Any) -> Cluster:
    return new_cluster()


@pytest.fixture
def pages(server: AwsServer) -> Pages:
    return Pages(server.url)


@pytest.fixture(autouse=True)
def _calm(request: pytest.FixtureRequest) -> Any:
    """Take back the faults of the test before."""
    if "server" in request.fixturenames:
        request.getfixturevalue("pages").inject()


@pytest.fixture
def idle(pages: Pages) -> None:
    """Let tasks stay in PROVISIONING, where they cost nothing."""
    pages.inject(provision_s=3600)
