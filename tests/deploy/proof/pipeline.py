"""The jobs of the pipeline against a host: a checkout with an environment of its own, sshd, and a job's variables."""

import os
import subprocess
from pathlib import Path

from tests import checkout
from tests.deploy.host_under_test import ACCOUNT, DOMAIN, REGION, HostUnderTest
from tests.scripts.ci.sshd import Sshd

TFVARS = f"""
environment    = "test"
region         = "{REGION}"
domain_name    = "{DOMAIN}"
gitlab_project = "group/airflow"
"""


class Pipeline:
    """A job of this pipeline runs in ``folder``, which is a copy of this checkout."""

    def __init__(self, folder: Path, host: HostUnderTest) -> None:
        self.folder, self._host = checkout.with_packages(folder / "checkout"), host
        (self.folder / "infra" / "env" / "test.tfvars").write_text(TFVARS)
        root = {name: value for name, value in host.environment.items() if name != "DEPLOY_WHO"}
        self.sshd = Sshd.start(folder / "sshd", host.host, **root)

    def run(self, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the line of a job."""
        host = self._host
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            **self.sshd.variables,
            **{f"{name}_ACCOUNT": ACCOUNT for name in ("TEST", "STAGING", "PRODUCTION")},
            "AIRFLOW_PASSWORD": host.passwords["rest"],
            "AIRFLOW_URL": f"https://{DOMAIN}:{host.https_port}",
            "SMOKE_OPTIONS": f"--resolve {DOMAIN}=127.0.0.1",
            "SSL_CERT_FILE": str(host.folder / "tls" / "certificate.pem"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{host.aws_port}",
            "AWS_ID_TOKEN": "header.payload.signature",
            "VERIFY_S": "5",
            **{"GITLAB_USER_LOGIN": "ann", "GITLAB_USER_NAME": "Ann Lee", "CI_JOB_ID": "42"},
            **more,
        }
        command = [str(self.folder / "scripts" / "ci" / script), *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)

    def note(self) -> str:
        return (self.folder / "verify.md").read_text()
