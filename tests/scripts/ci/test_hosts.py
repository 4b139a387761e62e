"""How hosts are named, found and reached."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.ci import hosts
from scripts.ci.hosts import Host, Way
from scripts.ci.place import Place
from scripts.ci.stop import Stop
from tests.scripts.ci.sshd import Sshd

KEY, KNOWN = Path("/k"), Path("/known")
SSH = [
    *("ssh", "-F", "/dev/null", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
    *("-o", "UserKnownHostsFile=/known", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "UpdateHostKeys=no"),
    *("-o", "IdentitiesOnly=yes", "-o", "IdentityFile=/k", "-o", "ConnectTimeout=20"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=8"),
]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("10.0.1.7", Host("root", "10.0.1.7", 22)),
        ("deploy@host-1.example.com:2222", Host("deploy", "host-1.example.com", 2222)),
    ],
)
def test_a_host_s_name(text: str, host: Host) -> None:
    assert Host.read(text) == host


@pytest.mark.parametrize("text", ["-oProxyCommand=x y", "a b", "host:port", "a@b@c"])
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(Stop, match="DEPLOY_HOSTS has"):
        Host.read(text)


def test_the_command() -> None:
    way = Way(KEY, KNOWN, tunnel=False)
    assert way.command(Host("root", "10.0.1.7"), "deploy", "sha256:a") == [
        *SSH, "-p", "22", "root@10.0.1.7", "--", "deploy", "sha256:a",
    ]  # fmt: skip


def test_the_command_through_session_manager() -> None:
    proxy = (
        "ProxyCommand=aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p"
    )
    command = Way(KEY, KNOWN, tunnel=True).command(Host("root", "i-0a1b"), "status")
    assert command == [*SSH, "-o", proxy, "-p", "22", "root@i-0a1b", "--", "status"]


def test_the_key_is_a_file_of_its_own_that_ssh_takes(tmp_path: Path) -> None:
    given = tmp_path / "key"
    given.write_text("abc")  # as GitLab writes it: to be read by all, and without its last line end
    given.chmod(0o666)
    variables = {"DEPLOY_SSH_KEY": str(given), "DEPLOY_KNOWN_HOSTS": "k", "DEPLOY_VIA": "session-manager"}
    with hosts.way(variables) as way:
        assert (way.key.read_text(), way.key.stat().st_mode & 0o777, way.tunnel) == ("abc\n", 0o600, True)
    assert not way.key.exists()


@pytest.fixture
def place() -> Iterator[Place]:
    with mock_aws():
        yield Place.read("staging")


def test_named_hosts_come_in_their_order(place: Place) -> None:
    found = hosts.of(place, {"DEPLOY_HOSTS": "b:2222  a"})
    assert found == [Host("root", "b", 2222), Host("root", "a")]


def test_without_names_they_are_found_by_their_tag(place: Place) -> None:
    ec2: Any = boto3.client("ec2", region_name=place.region)
    ids = []
    for name in ("airflow-staging-host", "airflow-staging-host", "airflow-production-host"):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=tags)
        ids.append(made["Instances"][0]["InstanceId"])
    assert {host.name for host in hosts.of(place, {})} == set(ids[:2])
    ec2.terminate_instances(InstanceIds=ids[:1])
    assert hosts.of(place, {}) == [Host("root", ids[1])]
    ec2.stop_instances(InstanceIds=ids[1:2])
    with pytest.raises(Stop, match="no instance runs with the tag Name=airflow-staging-host in ap-northeast-2"):
        hosts.of(place, {})


def test_who_deploys() -> None:
    assert hosts.who({"GITLAB_USER_LOGIN": "ann.lee", "CI_JOB_ID": "42"}) == "--who=gitlab:ann.lee:job-42"
    assert hosts.who({"USER": "ann; rm"}) == "--who=ann--rm"


def test_what_serves(reached: Sshd) -> None:
    digest = f"sha256:{'a' * 64}"
    with pytest.raises(Stop, match="nothing serves in staging"):
        said(reached, '{"colours": [{"state": "idle", "digest": ""}]}')
    assert said(reached, f'{{"colours": [{{"state": "serving", "digest": "{digest}"}}]}}') == digest
    assert reached.calls() == ["status.sh --json by nobody older=no"] * 2


def said(host: Sshd, text: str) -> str:
    script = host.host / "scripts" / "status.sh"
    call = "echo 'status.sh '\"$*\"' by nobody older=no' >>\"$AIRFLOW_HOST_DIR/calls\""
    script.write_text(f"#!/bin/sh\n{call}\necho '{text}'\n")
    return hosts.serving(Place.read("staging"))
