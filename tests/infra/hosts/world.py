"""A host and the AWS that it reaches, as one thing to set up and to take down."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.infra.hosts import packages, system
from tests.infra.hosts.machine import CLOUD_INIT, Machine
from tests.infra.hosts.network import AWS, Network
from tests.infra.hosts.rendered import host_files, user_data

HOME = "/root"  # of the user that boots the host
ROOT = Path(__file__).resolve().parents[3]
REGION, BUCKET, DOMAIN = "eu-west-1", "airflow-test-deploy-123456789012", "airflow.example.com"
REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
SETTINGS = {
    **{"AWS_DEFAULT_REGION": REGION, "DEPLOY_BUCKET": BUCKET, "DOMAIN_NAME": DOMAIN, "HOST_SWAP_MB": "1"},
    **{"METRIC_NAMESPACE": "airflow-test", "REGISTRY": REGISTRY},
    "DEPLOY_PUBLIC_KEY": f"ssh-ed25519 {'A' * 68} deploy",
}
# the names that the host knows; whatever else it asked for would be a question to a name server elsewhere
NAMES = {
    f"s3.{REGION}.amazonaws.com": AWS,
    f"{BUCKET}.s3.{REGION}.amazonaws.com": AWS,
    f"no-such-bucket.s3.{REGION}.amazonaws.com": AWS,
    f"{packages.bucket(REGION)}.s3.dualstack.{REGION}.amazonaws.com": AWS,
    f"monitoring.{REGION}.amazonaws.com": AWS,
}


class World:
    """``machine`` before its first boot, with the user data; AWS with the files of a first ``terraform apply``."""

    def __init__(self, folder: Path, objects: dict[str, str]) -> None:
        self.folder = folder
        files = system.make(ROOT / ".local" / "host-test")
        self._certificates()
        packages.build(folder / "buckets" / packages.bucket(REGION), REGION)
        for key, text in objects.items():
            path = folder / "buckets" / BUCKET / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.network = Network(f"host-test-{uuid.uuid4().hex[:6]}")
        with ExitStack() as stack:
            stack.callback(self.network.down)
            self.network.up()
            stack.enter_context(self._aws())
            self.machine = Machine(files, folder / "machine", self.network)
            stack.callback(self.machine.remove)
            self._prepare(self.machine)
            self.close = stack.pop_all().close

    def requests(self) -> list[tuple[str, str, str]]:
        """Return method, host and path of what AWS was asked."""
        lines = (self.folder / "requests.log").read_text().splitlines()
        return [(method, host, path) for method, host, path in (line.split(" ", 2) for line in lines)]

    def put(self, key: str, text: str) -> None:
        """Put an object into the deploy bucket, as a deploy does from elsewhere."""
        upload = f"AWS_DEFAULT_REGION={REGION} aws s3 cp --only-show-errors - s3://{BUCKET}/{key}"
        result = self.machine.run(upload, stdin=text)
        assert result.returncode == 0, result.stderr

    def _prepare(self, machine: Machine) -> None:
        machine.write("/etc/hostname", "host\n")
        machine.write(
            "/etc/hosts", "127.0.0.1 localhost host\n" + "".join(f"{ip} {name}\n" for name, ip in NAMES.items())
        )
        machine.write("/etc/resolv.conf", "nameserver 192.0.2.53\noptions timeout:1 attempts:1\n")
        machine.write("/etc/yum.repos.d/amazonlinux.repo", packages.repo_file(REGION))
        authority = (self.folder / "authority.pem").read_text()
        machine.write("/etc/ssl/certs/ca-certificates.crt", authority)
        # Debian's aws has a list of its own; Amazon Linux's has the system's
        machine.write(f"{HOME}/.aws/config", "[default]\nca_bundle = /etc/ssl/certs/ca-certificates.crt\n")
        machine.write(f"{HOME}/user-data", user_data(deploy_bucket=BUCKET, region=REGION), 0o755)
        machine.write("/etc/systemd/system/cloud-final.service", CLOUD_INIT)
        wants = machine.root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / "cloud-final.service").symlink_to("/etc/systemd/system/cloud-final.service")

    def _certificates(self) -> None:
        """Make an authority, and a certificate of it for AWS's names."""
        names = ",".join(f"DNS:{name}" for name in NAMES)
        key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]
        own = [*key, "-x509", "-subj", "/CN=authority", "-keyout", "authority.key", "-out", "authority.pem"]
        asked = [*key, "-subj", "/CN=aws", "-keyout", "key.pem", "-out", "request.pem"]
        (self.folder / "names").write_text(f"subjectAltName={names}\n")
        signed = ["-req", "-in", "request.pem", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"]
        for command in (
            ["req", *own],
            ["req", *asked],
            ["x509", *signed, "-days", "2", "-extfile", "names", "-out", "certificate.pem"],
        ):
            subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)

    @contextmanager
    def _aws(self) -> Iterator[None]:
        module = [sys.executable, "-m", "tests.infra.hosts.aws_stand_in", str(self.folder), REGION]
        log = self.folder / "aws.log"
        command = [*Network.inside(self.network.aws), *module]
        with log.open("w") as file:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=file, text=True)
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", log.read_text()
            yield
        finally:
            process.kill()
            process.wait()


def settings() -> str:
    return "".join(f"{name}={value}\n" for name, value in sorted(SETTINGS.items()))


def first_objects() -> dict[str, str]:
    """Return what ``terraform apply`` puts into the deploy bucket, by key."""
    system_files = {f"host/system/{name}": text for name, text in host_files().items()}
    return {**system_files, "host/settings.env": settings()}
