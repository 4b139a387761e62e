"""The hosts of a deployment, as a pipeline reaches them: by SSH, with pinned host keys and a key that may do little.

What that key may do is said on the host, by infra/host/gate.sh.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from scripts.ci import identity
from scripts.ci.place import Place
from scripts.ci.stop import Stop

ADDRESS = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<name>[\w.-]+)(?::(?P<port>\d+))?")
# through Session Manager, sshd is reached on the host itself; the name is that of the instance
TUNNEL = "aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p"
LOST = 255  # ssh's own
WHO = re.compile(r"[^A-Za-z0-9._:-]")


@dataclass(frozen=True)
class Host:
    user: str
    name: str
    port: int = 22

    @classmethod
    def read(cls, text: str) -> "Host":
        """Read [USER@]HOST[:PORT].

        :raises Stop: for anything else
        """
        found = ADDRESS.fullmatch(text)
        if not found:
            raise Stop(2, f"DEPLOY_HOSTS has {text!r}: it should be [USER@]HOST[:PORT]")
        return cls(found["user"] or "root", found["name"], int(found["port"] or 22))


@dataclass(frozen=True)
class Way:
    """How the hosts are reached: ``key`` and ``known`` are files of SSH's, ``tunnel`` is through Session Manager."""

    key: Path
    known: Path
    tunnel: bool

    def command(self, host: Host, *asked: str) -> list[str]:
        """Return the command that has a host do something."""
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.known),
            "GlobalKnownHostsFile": "/dev/null",
            "UpdateHostKeys": "no",
            "IdentitiesOnly": "yes",
            "IdentityFile": str(self.key),
            "ConnectTimeout": "20",
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "8",
            **({"ProxyCommand": TUNNEL} if self.tunnel else {}),
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "/dev/null", "-T", *words, "-p", str(host.port), f"{host.user}@{host.name}", "--", *asked]


@contextmanager
def way(variables: Mapping[str, str] = os.environ) -> Iterator[Way]:
    """Give the way to the hosts that the variables say; the key is a file of its own within the block."""
    tunnel = variables.get("DEPLOY_VIA") == "session-manager"
    with tempfile.TemporaryDirectory(prefix="way-") as folder:
        key = Path(folder, "key")
        key.touch(0o600)
        # GitLab's files can be read by others, which ssh refuses, and may lack their last line end
        key.write_text(Path(variables["DEPLOY_SSH_KEY"]).read_text().rstrip() + "\n")
        yield Way(key, Path(variables["DEPLOY_KNOWN_HOSTS"]).absolute(), tunnel)


def of(place: Place, variables: Mapping[str, str] = os.environ) -> list[Host]:
    """Return the hosts: those that DEPLOY_HOSTS names, or the instances that run with the hosts' tag.

    :raises Stop: when there are none
    """
    if named := variables.get("DEPLOY_HOSTS", "").split():
        return [Host.read(text) for text in named]
    ec2: Any = boto3.client("ec2", region_name=place.region)
    filters = [
        {"Name": "tag:Name", "Values": [place.host_name]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=filters)
    found = [instance for page in pages for group in page["Reservations"] for instance in group["Instances"]]
    if not found:
        raise Stop(4, f"no instance runs with the tag Name={place.host_name} in {place.region}")
    return [Host("root", instance["InstanceId"]) for instance in sorted(found, key=lambda one: one["LaunchTime"])]


def run(way: Way, host: Host, *asked: str) -> int:
    """Have a host do something; what it says is said here. Return its exit code."""
    return subprocess.run(way.command(host, *asked), stdin=subprocess.DEVNULL).returncode


def told(way: Way, host: Host, *asked: str) -> str:
    """Return what a host answers.

    :raises Stop: when it does not
    """
    result = subprocess.run(way.command(host, *asked), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        raise Stop(result.returncode, f"{host.name}: {' '.join(asked)}: {result.stderr.strip()}")
    return result.stdout


def serving(place: Place) -> str:
    """Return the digest that serves on the first host.

    :raises Stop: when it does not answer, or nothing serves
    """
    with identity.role(place.role("ci-deploy"), place.region), way() as there:
        status = json.loads(told(there, of(place)[0], "status"))
    found = next((colour["digest"] for colour in status["colours"] if colour["state"] == "serving"), "")
    if not found:
        raise Stop(4, f"nothing serves in {place.environment}")
    return str(found)


def who(variables: Mapping[str, str] = os.environ) -> str:
    """Return the option that says who deploys, for the lock, the journal and the audit."""
    login = variables.get("GITLAB_USER_LOGIN") or variables.get("USER") or "somebody"
    job = f":job-{variables['CI_JOB_ID']}" if variables.get("CI_JOB_ID") else ""
    return f"--who={WHO.sub('-', f'gitlab:{login}{job}' if job else login)}"
