"""The emulated ECR in front of a real registry, and tasks whose image is pulled from there."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from infra.local.aws.docker.image import registry_of
from infra.local.aws.docker.runtime import docker
from infra.local.aws.registry import Registry
from tests.deploy.packages import Unavailable
from tests.deploy.registry import registry as real_registry
from tests.infra.local.aws.cluster import DOCKER, NUMBERS
from tests.infra.local.aws.conftest import ROOT, clients

HELPER = ROOT / "tests" / "infra" / "local" / "aws" / "docker-credential-ecr-login"


@pytest.fixture(scope="module")
def registry():
    """The address of a real registry, with the password that the emulated ECR gives."""
    try:
        with real_registry() as found:
            yield found.address
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def client_of_ecr(registry, tmp_path_factory):
    """Make clients of an emulator that stands in front of the registry."""
    command = [sys.executable, "-m", "infra.local.aws", "--folder", str(tmp_path_factory.mktemp("aws"))]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
    with subprocess.Popen(
        [*command, "--region", "ap-northeast-2", "--registry", registry],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield clients(process.stdout.readline().strip())
        process.terminate()


@pytest.fixture(scope="module")
def ecr(client_of_ecr):
    return client_of_ecr("ecr")


@pytest.fixture
def repository(ecr):
    """A repository, by its name and its address."""
    name = f"tests/airflow-{next(NUMBERS)}"
    made = ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")["repository"]
    return name, made["repositoryUri"]


@pytest.fixture
def pushed(repository, engine, image, ecr):
    """Push the small image with the login that ECR gives; return its digest in the registry."""
    name, uri = repository
    [login] = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(login["authorizationToken"]).decode().partition(":")
    auth = base64.urlsafe_b64encode(json.dumps({"username": user, "password": password}).encode()).decode()
    engine.call("POST", f"/images/{image.partition('@')[2]}/tag", repo=uri, tag="first")
    progress = engine.call("POST", f"/images/{uri}/push", auth=auth, tag="first")
    engine.call("DELETE", f"/images/{uri}:first", force=1)
    assert not [line for line in progress if "error" in line], progress
    return ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "first"}])["imageDetails"][0]["imageDigest"]


def code_of(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def test_the_login_is_that_of_the_registry_and_holds_for_hours(ecr, registry, repository):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html"""
    [login] = ecr.get_authorization_token()["authorizationData"]
    assert login["proxyEndpoint"] == f"https://{registry}"
    assert timedelta(hours=11) < login["expiresAt"] - datetime.now(UTC) < timedelta(hours=13)
    user, _, password = base64.b64decode(login["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert Registry(registry, password).tags("tests/none") == {}
    with pytest.raises(OSError, match="401"):
        Registry(registry, password + "x").tags("tests/none")
    name, uri = repository
    assert uri == f"{registry}/{name}"
    assert ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"] == uri


def test_what_was_pushed_is_described(ecr, repository, pushed):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html"""
    name, _ = repository
    [by_digest] = ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": pushed}])["imageDetails"]
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == [by_digest]
    assert (by_digest["imageTags"], by_digest["imageSizeInBytes"] > 100_000) == (["first"], True)
    assert ecr.list_images(repositoryName=name)["imageIds"] == [{"imageDigest": pushed, "imageTag": "first"}]
    absent = {"repositoryName": name, "imageIds": [{"imageDigest": f"sha256:{1:064}"}]}
    assert code_of(ecr.describe_images, **absent) == "ImageNotFoundException"
    assert code_of(ecr.describe_images, repositoryName="tests/none") == "RepositoryNotFoundException"


def test_a_tag_is_put_on_what_lies_there(ecr, repository, pushed):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html"""
    name, _ = repository
    answer = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": pushed}, {"imageTag": "none"}])
    [found], [failure] = answer["images"], answer["failures"]
    assert (failure["imageId"], failure["failureCode"]) == ({"imageTag": "none"}, "ImageNotFound")
    put = {"repositoryName": name, "imageManifest": found["imageManifest"]}
    put["imageManifestMediaType"] = found["imageManifestMediaType"]
    assert ecr.put_image(**put, imageTag="deployed-1")["image"]["imageId"]["imageDigest"] == pushed
    [described] = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "deployed-1"}])["imageDetails"]
    assert (described["imageDigest"], described["imageTags"]) == (pushed, ["deployed-1", "first"])
    assert code_of(ecr.put_image, **put, imageTag="deployed-1") == "ImageAlreadyExistsException"
    put["imageManifest"] += " "  # another image, as its digest is another
    assert code_of(ecr.put_image, **put, imageTag="deployed-1") == "ImageTagAlreadyExistsException"


def test_what_is_deleted_is_gone_with_its_tags(ecr, repository, pushed, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html"""
    name, _ = repository
    absent = {"imageDigest": f"sha256:{1:064}"}
    answer = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": pushed}, absent])
    assert answer["imageIds"] == [{"imageDigest": pushed, "imageTag": "first"}]
    assert [failure["imageId"] for failure in answer["failures"]] == [absent]
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == []


@DOCKER
def test_a_task_runs_what_was_pushed(cluster, server, monkeypatch, repository, pushed, registry, engine):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html"""
    name = f"{repository[1]}@{pushed}"
    monkeypatch.setattr(server.fargate, "runtime", docker(server.fargate.folder, registry=registry))
    task = cluster.stopped("sh", "-c", "exit 3", definition=cluster.define(container={"image": name}))
    [container] = task["containers"]
    assert (container["exitCode"], container["image"], container["imageDigest"]) == (3, name, pushed)
    engine.call("DELETE", f"/images/{name}", force=1)
    other = name.replace(pushed, f"sha256:{1:064}")
    task = cluster.stopped("sh", "-c", "exit 3", definition=cluster.define(container={"image": other}))
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull image manifest has been retried 5 time(s)")
    assert "not found" in task["stoppedReason"]


@DOCKER
def test_a_task_without_the_login_starts_nothing(cluster, repository, pushed):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"""
    name = f"{repository[1]}@{pushed}"
    task = cluster.stopped("sh", "-c", "exit 3", definition=cluster.define(container={"image": name}))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "authorization failed" in task["stoppedReason"] or "no basic auth" in task["stoppedReason"]


@pytest.mark.parametrize(
    ("name", "registry"),
    [
        ("local/airflow@sha256:1", ""),
        ("airflow", ""),
        ("airflow:1", ""),
        ("127.0.0.1:5000/airflow:1", "127.0.0.1:5000"),
        ("localhost/airflow", "localhost"),
        ("1.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:1", "1.dkr.ecr.eu-west-1.amazonaws.com"),
    ],
)
def test_the_registry_in_a_name(name, registry):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
    assert registry_of(name) == registry


def test_docker_logs_in_as_on_a_host(ecr, registry):
    """The helper that infra/host/setup.sh names, without its program: https://github.com/awslabs/amazon-ecr-credential-helper"""
    environment = {
        "PYTHONPATH": ":".join(sys.path),
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "AWS_ENDPOINT_URL": ecr.meta.endpoint_url,
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
    }
    done = subprocess.run([HELPER, "get"], input=registry, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["ServerURL"], told["Username"]) == (registry, "AWS")
    assert Registry(registry, told["Secret"]).tags("tests/none") == {}
    other = subprocess.run([HELPER, "get"], input="other:1", env=environment, capture_output=True, text=True)
    assert (other.returncode, other.stdout.strip()) == (1, "credentials not found in native keychain")
