"""A host with all that a deploy meets: its folder, Docker, a registry, nginx's image, Postgres, an emulated AWS.

What it starts listens on 127.0.0.1 and on the bridge of Docker, on ports from ``port`` on. Tasks are
those of the emulated Fargate.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3

from fargate import task_definitions
from infra.local.aws.docker.networks import ADDRESS
from infra.local.environment import shared
from tests.deploy.host_postgres import MASTER, PASSWORD, HostPostgres
from tests.deploy.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
REGION, ACCOUNT, PREFIX = "ap-northeast-2", "123456789012", "airflow-test"
BUCKETS = {name: f"{PREFIX}-{name}-{ACCOUNT}" for name in ("logs", "lake", "payloads", "deploy")}
CLUSTER, FAMILY = PREFIX, f"{PREFIX}-worker"
DOMAIN = "airflow.example.com"


class HostUnderTest:
    """The host below ``folder``. Names of containers and images begin with ``name``."""

    def __init__(self, folder: Path, name: str, port: int) -> None:
        self.folder, self.name = folder, name
        self.host = folder / "host"
        self.database_port, self.aws_port = port, port + 1
        self.registry = Registry(folder / "registry", port + 2)
        self.blue_port, self.green_port, self.https_port, self.http_port = port + 3, port + 4, port + 5, port + 6
        self.repository = f"{self.registry.address}/{PREFIX}/airflow"
        self.bridge = self.docker(
            "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"
        ).stdout.strip()
        self.settings: dict[str, str] = {}
        self._stack = ExitStack()

    # --- begin and end

    def up(self) -> None:
        """Start what is not Airflow, and put the files on the host."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.postgres = HostPostgres(self.folder / "postgres", self.bridge, self.database_port)
        self._stack.callback(self.postgres.stop)
        self._stack.enter_context(self._aws())
        self.registry.start()
        self._stack.callback(self.registry.stop)
        self._fill_account()
        self._files()

    def down(self) -> None:
        """Stop and remove all that was started."""
        for project in ("blue", "green", "nginx"):
            self._remove(f"label=com.docker.compose.project={self.name}-{project}")
        self._remove(f"label={self.name}.deploy")
        self._stack.close()

    def _remove(self, which: str) -> None:
        ids = self.docker("ps", "--all", "--quiet", "--filter", which).stdout.split()
        if ids:
            self.docker("rm", "--force", "--volumes", *ids)
        networks = self.docker("network", "ls", "--quiet", "--filter", which).stdout.split()
        if networks:
            self.docker("network", "rm", *networks, check=False)

    # --- what a person or a test does

    def run(self, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script on the host to its end."""
        command = [str(self.host / "scripts" / script), *arguments]
        return subprocess.run(command, env=self.environment | more, capture_output=True, text=True)

    def bash(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script's text on the host."""
        command = ["bash", "-c", text, "bash", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def start(self, script: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start a script on the host; what it says goes to the file ``said``."""
        command = [str(self.host / "scripts" / script), *arguments]
        with (self.folder / "said").open("a") as said:
            return subprocess.Popen(command, env=self.environment | more, stdout=said, stderr=said, text=True)

    def docker(
        self, *arguments: str, check: bool = True, config: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        options = ["--config", str(config)] if config else []
        return subprocess.run(["docker", *options, *arguments], check=check, capture_output=True, text=True)

    def push(self, image: str) -> str:
        """Push an image of the engine to the host's registry; returns it by its digest."""
        tag = f"{self.repository}:{secrets.token_hex(8)}"
        self.docker("tag", image, tag)
        self.docker("push", "--quiet", tag, config=self.folder / "docker")
        inspected = self.docker("image", "inspect", "--format", "{{json .RepoDigests}}", tag).stdout
        self.docker("rmi", tag)
        digests = json.loads(inspected)
        return str(next(digest for digest in digests if digest.startswith(self.repository)))

    def colours(self) -> dict[str, Any]:
        """What status.sh says."""
        result = self.run("status.sh", "--json")
        assert result.returncode == 0, result.stderr
        return dict(json.loads(result.stdout))

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "local-only", "aws_secret_access_key": "local-only"}
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.aws_port}", region_name=REGION, **keys)  # type: ignore[call-overload]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of root on this host."""
        kept = {name: os.environ[name] for name in ("HOME", "DOCKER_HOST") if name in os.environ}
        return {
            **kept,
            "DOCKER_CONFIG": str(self.folder / "docker"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "AIRFLOW_HOST_DIR": str(self.host),
            "DEPLOY_WHO": "tester",
        }

    # --- the parts

    @contextmanager
    def _aws(self) -> Iterator[None]:
        command = [sys.executable, "-m", "infra.local.aws", "--folder", str(self.folder / "aws")]
        log = (self.folder / "aws.log").open("a")
        arguments = ["--port", str(self.aws_port), "--region", REGION, "--runtime", "docker"]
        arguments += ["--registry", self.registry.address]
        arguments += ["--host", f"{DOMAIN}:{self.bridge}"]
        process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout
        process.stdout.readline()
        code = "import time; from infra.local import relay; relay.start({!r}, {}); time.sleep(9**9)"
        bridge = subprocess.Popen([sys.executable, "-c", code.format(self.bridge, self.aws_port)], cwd=ROOT)
        try:
            yield
        finally:
            for one in (bridge, process):
                one.terminate()
                one.wait(30)

    def _fill_account(self) -> None:
        s3, ecs = self.client("s3"), self.client("ecs")
        there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for bucket in set(BUCKETS.values()) - there:
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self._make_network()
        self._make_secrets()
        ecs.create_cluster(clusterName=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"])
        ecs.register_task_definition(**self.template())
        self.client("logs").create_log_group(logGroupName="/airflow/worker")

    def _make_network(self) -> None:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.group = ec2.create_security_group(VpcId=vpc, GroupName="workers", Description="Fargate workers")["GroupId"]

    def template(self) -> dict[str, Any]:
        """The template of the worker's task definition, as Terraform registers it."""
        values = {
            **shared(),
            **{"family": f"{FAMILY}-template", "cpu": "256", "memory": "512", "architecture": "X86_64"},
            **{"image": "none", "region": REGION, "lake_bucket": BUCKETS["lake"], "log_group": "/airflow/worker"},
            **{f"{role}_role_arn": f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{role}" for role in ("execution", "task")},
            "execution_api_server_url": f"https://{DOMAIN}:{self.https_port}/execution/",
            "remote_base_log_folder": f"s3://{BUCKETS['logs']}/airflow",
            "execution_api_ca": (self.folder / "tls" / "certificate.pem").read_text(),
        }
        template = task_definitions.render((ROOT / "infra" / "worker-task-definition.json").read_text(), values)
        aws = f"http://{ADDRESS}:{self.aws_port}"
        ours = {"AWS_ENDPOINT_URL": aws, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{aws}/_fargate/credentials/task"}
        template["containerDefinitions"][0]["environment"] += [{"name": n, "value": v} for n, v in ours.items()]
        return template

    def _make_secrets(self) -> None:
        password = secrets.token_hex(16)
        self.passwords = {"admin": secrets.token_hex(16), "rest": secrets.token_hex(16)}
        values = {
            "fernet-key": urlsafe_b64encode(os.urandom(32)).decode(),
            "jwt-secret": secrets.token_hex(32),
            "api-secret": secrets.token_hex(32),
            "database-url": f"postgresql+psycopg2://airflow:{password}@{self.bridge}:{self.database_port}/airflow",
            "tls": json.dumps(self._certificate()),
            "master": json.dumps({"username": MASTER, "password": PASSWORD}),
            **{f"{name}-password": value for name, value in self.passwords.items()},
        }
        for key, value in values.items():
            self.client("secretsmanager").create_secret(Name=f"{PREFIX}/{key}", SecretString=value)

    def _certificate(self) -> dict[str, str]:
        folder = self.folder / "tls"
        folder.mkdir(exist_ok=True)
        files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
        name = ["-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", *name, *files]
        subprocess.run(command, check=True, capture_output=True)
        return {part: (folder / f"{part}.pem").read_text() for part in ("certificate", "key")}

    def _files(self) -> None:
        """Put on the host what Terraform and a deploy's upload put there."""
        for folder in ("scripts", "hooks", "state"):
            (self.host / folder).mkdir(parents=True, exist_ok=True)
        for path in (*ROOT.glob("scripts/*.sh"), ROOT / "docker" / "compose.yml", ROOT / "docker" / "airflow.env"):
            shutil.copy(path, self.host / "scripts")
        shutil.copytree(ROOT / "scripts" / "deploy", self.host / "scripts" / "deploy", dirs_exist_ok=True)
        shutil.copytree(ROOT / "docker" / "nginx", self.host / "scripts" / "nginx", dirs_exist_ok=True)
        self._bin()
        self._docker_config()
        self.configure()

    def _bin(self) -> None:
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        aws = folder / "aws"
        endpoint = f"AWS_ENDPOINT_URL=http://127.0.0.1:{self.aws_port}"
        python = f"PYTHONPATH={ROOT} {sys.executable} -m tests.deploy.host_aws"
        aws.write_text(f'#!/bin/sh\n{endpoint} {python} "$@"\n')
        aws.chmod(0o755)

    def _docker_config(self) -> None:
        """Give root the credential helper's login at the registry, with Compose in its place."""
        folder, given = self.folder / "docker", Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker"))
        folder.mkdir(exist_ok=True)
        login = b64encode(f"{self.registry.user}:{self.registry.password}".encode()).decode()
        (folder / "config.json").write_text(json.dumps({"auths": {self.registry.address: {"auth": login}}}))
        if (given / "cli-plugins").exists() and not (folder / "cli-plugins").exists():
            (folder / "cli-plugins").symlink_to(given / "cli-plugins")

    def configure(self, **deploy: str) -> None:
        """Write both files of settings; ``deploy`` goes into deploy.env."""
        aws = f"http://{self.bridge}:{self.aws_port}"
        (self.host / "settings.env").write_text(_lines({
            **{"AIRFLOW__API__BASE_URL": f"https://{DOMAIN}:{self.https_port}", "AWS_DEFAULT_REGION": REGION},
            **{"AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER": CLUSTER, "AIRFLOW__AWS_ECS_EXECUTOR__REGION_NAME": REGION},
            "AIRFLOW__AWS_ECS_EXECUTOR__SECURITY_GROUPS": self.group,
            "AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS": self.subnet,
            "AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION": FAMILY,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"https://{DOMAIN}:{self.https_port}/execution/",
            "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": f"s3://{BUCKETS['logs']}/airflow",
            **{"LAKE_BUCKET": BUCKETS["lake"], "PAYLOAD_BUCKET": BUCKETS["payloads"]},
            **{"DEPLOY_BUCKET": BUCKETS["deploy"], "DOMAIN_NAME": DOMAIN, "SECRETS_PREFIX": PREFIX},
            **{"IMAGE_REPOSITORY": self.repository, "REGISTRY": self.registry.address},
            **{"DATABASE_MASTER_SECRET": f"{PREFIX}/master", "WORKER_TEMPLATE": f"{FAMILY}-template"},
            # the emulated AWS
            **{"AWS_ENDPOINT_URL": aws, "AWS_ACCESS_KEY_ID": "local-only", "AWS_SECRET_ACCESS_KEY": "local-only"},
        }))  # fmt: skip
        self.settings = {
            **{"COMPOSE_PREFIX": self.name, "BLUE_PORT": str(self.blue_port), "GREEN_PORT": str(self.green_port)},
            **{"HTTPS_PORT": str(self.https_port), "HTTP_PORT": str(self.http_port)},
            "LISTEN": f"127.0.0.1,{self.bridge}",
            "EXECUTION_NETWORKS": "127.0.0.0/8,172.16.0.0/12",
            **{"BAKE_S": "5", "DRAIN_S": "300", "STOP_S": "30", "NGINX_DRAIN_S": "30"},
            **{name: self.settings[name] for name in ("NGINX_IMAGE",) if name in self.settings},
            **deploy,
        }
        (self.host / "deploy.env").write_text(_lines(self.settings))


def _lines(values: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())
