"""The deploy and the way back, by a real sshd; the host's scripts only say what they were told."""

import fcntl
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.ci import deploy, handover, rollback
from scripts.ci.place import Place
from tests.scripts.ci.sshd import NotInstalled, Sshd

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
BUCKET = "airflow-staging-deploy-123456789012"
Told = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GITLAB_USER_LOGIN", "ann")
    monkeypatch.setenv("CI_JOB_ID", "42")
    with mock_aws():
        where = {"LocationConstraint": "ap-northeast-2"}
        s3: Any = boto3.client("s3", region_name="ap-northeast-2")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        yield


def test_a_deploy(reached: Sshd, capfd: Told, tmp_path: Path) -> None:
    assert deploy.main(["staging", DIGEST]) == 0
    assert reached.calls() == [f"deploy.sh {DIGEST} by gitlab:ann:job-42 older=no"]
    assert re.search(r"==> \d\d files to s3://airflow-staging-deploy-123456789012/host/\n", capfd.readouterr().out)
    assert (tmp_path / "deploy.env").read_text() == "AIRFLOW_DOMAIN=airflow-staging.example.com\n"


def test_what_runs_on_the_host_is_in_the_bucket_before(reached: Sshd) -> None:
    assert deploy.main(["staging", DIGEST]) == 0
    s3 = boto3.client("s3", region_name="ap-northeast-2")
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert keys == set(handover.files())
    assert keys >= {"host/scripts/deploy.sh", "host/scripts/deploy/all.sh", "host/scripts/compose.yml"}
    assert keys >= {"host/scripts/airflow.env", "host/scripts/nginx/nginx.conf.template"}
    assert not [key for key in keys if "pycache" in key]


def test_the_digest_comes_from_the_build(reached: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_DIGEST", DIGEST)
    monkeypatch.setenv("ALLOW_OLDER", "1")
    assert deploy.main(["staging", "--wait", "--migrate"]) == 0
    assert reached.calls() == [f"deploy.sh --wait --migrate {DIGEST} by gitlab:ann:job-42 older=1"]


@pytest.mark.parametrize("image", ["", "latest", "registry/airflow:1", "sha256:abc", f"{DIGEST}0"])
def test_what_is_no_digest_is_refused(reached: Sshd, capfd: Told, image: str) -> None:
    assert deploy.main(["staging", image]) == 2
    assert f"{image!r} is no digest" in capfd.readouterr().err
    assert reached.calls() == []


def test_a_variable_that_is_missing_is_named(reached: Sshd, capfd: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOY_SSH_KEY")
    assert deploy.main(["staging", DIGEST]) == 2
    assert "DEPLOY_SSH_KEY is not set" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "another deploy has the lock"),
        (5, "An older commit than what runs needs ALLOW_OLDER=1"),
        (6, f"scripts/ci/deploy staging {DIGEST} --migrate"),
        (10, "was taken back; the old one serves"),
    ],
)
def test_a_deploy_that_fails_says_what_to_do(reached: Sshd, capfd: Told, code: int, words: str) -> None:
    reached.ends(code)
    assert deploy.main(["staging", DIGEST]) == code
    assert words in capfd.readouterr().err


def test_a_host_that_is_not_reached(reached: Sshd, capfd: Told) -> None:
    reached.stop()
    assert deploy.main(["staging", DIGEST]) == 4
    assert "ssh itself failed: is the host's key the one in DEPLOY_KNOWN_HOSTS" in capfd.readouterr().err


def test_a_bucket_that_is_not_there(reached: Sshd, capfd: Told) -> None:
    boto3.client("s3", region_name="ap-northeast-2").delete_bucket(Bucket=BUCKET)
    assert deploy.main(["staging", DIGEST]) == 4
    assert f"s3://{BUCKET}/host/scripts/airflow.env was not written" in capfd.readouterr().err
    assert reached.calls() == []


def two(reached: Sshd, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """Add a second host that has the same keys."""
    other = Sshd.start(folder)
    known = [(host.folder / "known_hosts").read_text() for host in (reached, other)]
    (reached.folder / "known_hosts").write_text("".join(known))
    keys = (reached.folder / "authorized_keys").read_text().replace(str(reached.host), str(other.host))
    (other.folder / "authorized_keys").write_text(keys)
    monkeypatch.setenv("DEPLOY_HOSTS", f"{reached.variables['DEPLOY_HOSTS']} {other.variables['DEPLOY_HOSTS']}")
    return other


def test_several_hosts_come_one_after_the_other(
    reached: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Told
) -> None:
    other = two(reached, tmp_path / "other", monkeypatch)
    try:
        assert deploy.main(["staging", DIGEST]) == 0
        assert len(reached.calls()) == len(other.calls()) == 1
        other.ends(8)
        assert deploy.main(["staging", DIGEST]) == 8
        told = capfd.readouterr().err
        assert "127.0.0.1 (1 of 2 hosts) had it done already" in told
        reached.ends(8)
        assert deploy.main(["staging", DIGEST]) == 8
        assert len(other.calls()) == 2  # not asked after the first one failed
    finally:
        other.stop()


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        ([], "rollback.sh  by gitlab:ann:job-42 older=no"),
        (
            ["51e8d272-3f2a91c0", "--move-runs"],
            "rollback.sh --move-runs 51e8d272-3f2a91c0 by gitlab:ann:job-42 older=no",
        ),
        ([DIGEST, "--wait"], f"rollback.sh --wait {DIGEST} by gitlab:ann:job-42 older=no"),
    ],
)
def test_a_way_back(reached: Sshd, arguments: list[str], called: str) -> None:
    assert rollback.main(["staging", *arguments]) == 0
    assert reached.calls() == [called]


def test_a_way_back_to_a_named_release(reached: Sshd, monkeypatch: pytest.MonkeyPatch, capfd: Told) -> None:
    monkeypatch.setenv("ROLLBACK_TO", "51e8d272-3f2a91c0")
    assert rollback.main(["production"]) == 0
    assert reached.calls() == ["rollback.sh 51e8d272-3f2a91c0 by gitlab:ann:job-42 older=no"]
    assert rollback.main(["production", "latest"]) == 2
    assert "'latest' names no release" in capfd.readouterr().err


def test_the_files_are_those_that_the_host_of_the_deploy_s_tests_has() -> None:
    """tests/deploy/host_under_test.py lays them by hand; a file that is missing here would be missing in production."""
    names = {key.removeprefix("host/scripts/") for key in handover.files(handover.ROOT)}
    scripts = {path.name for path in handover.ROOT.glob("scripts/*.sh")}
    assert scripts
    assert names >= scripts | {"compose.yml", "airflow.env", "deploy/host.py", "nginx/compose.yml"}
    assert Place.read("staging").deploy_bucket == BUCKET


SETTINGS = {
    **{"AWS_DEFAULT_REGION": "eu-west-1", "DEPLOY_BUCKET": "bucket", "SECRETS_PREFIX": "airflow-test"},
    **{"IMAGE_REPOSITORY": "registry.example/airflow", "DOMAIN_NAME": "airflow.example.com"},
}
OWN = {"NGINX_IMAGE": f"registry.example/nginx@{DIGEST}", "EXECUTION_NETWORKS": "10.0.0.0/16"}


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """A host with nothing but its settings and what the job hands over."""
    host = tmp_path / "opt"
    for key, path in handover.files().items():
        place = host / key.removeprefix("host/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
        place.chmod(0o755 if path.suffix == ".sh" else 0o644)  # as infra/host/sync.sh does
    for name, values in {"settings.env": SETTINGS, "deploy.env": OWN}.items():
        (host / name).write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    try:
        made = Sshd.start(tmp_path / "sshd", host)
    except NotInstalled as reason:
        pytest.skip(str(reason))
    for name, value in (made.variables | {"AIRFLOW_PASSWORD": "not-a-secret"}).items():
        monkeypatch.setenv(name, value)
    yield made
    made.stop()


def test_a_deploy_during_another_one_is_told_to_wait(real: Sshd, capfd: Told) -> None:
    (real.host / "state").mkdir()
    with (real.host / "state" / "lock").open("w") as lock:
        lock.write("gitlab:bob:job-41, process 7, since today\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert deploy.main(["staging", DIGEST]) == 3
    told = capfd.readouterr().err
    assert "another deploy, rollback or boot runs on this host: gitlab:bob:job-41, process 7" in told
    assert "another deploy has the lock: wait for it, then run this job again" in told


def test_a_setting_of_the_host_that_is_missing_is_told(real: Sshd, capfd: Told) -> None:
    (real.host / "deploy.env").write_text(f"NGINX_IMAGE={OWN['NGINX_IMAGE']}\n")
    assert deploy.main(["staging", DIGEST]) == 2
    assert "EXECUTION_NETWORKS" in capfd.readouterr().err
