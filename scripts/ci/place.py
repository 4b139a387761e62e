"""A deployment as pipelines know it: what follows from its .tfvars file and its account.

The names are those of infra/*.tf; tests/scripts/ci/test_place.py holds them against that.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.ci.stop import Stop
from scripts.ci.variables import ENVIRONMENTS, account
from scripts.preflights.tfvars import BadVariables, read

PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}


@dataclass(frozen=True)
class Place:
    """One deployment: ``environment`` is the name of its file in infra/env."""

    environment: str
    name: str
    region: str
    account: str
    domain: str

    @classmethod
    def read(cls, environment: str, variables: Mapping[str, str] = os.environ) -> "Place":
        """Read infra/env/ENVIRONMENT.tfvars, and the account of ENVIRONMENT_ACCOUNT.

        :raises Stop: when there is no such file, it cannot be read, or the account is not set
        """
        try:
            values = read(tfvars(environment))
        except BadVariables as error:
            raise Stop(2, str(error))
        if missing := [name for name in ("region", "domain_name") if values[name] is ...]:
            raise Stop(2, f"infra/env/{environment}.tfvars does not say {' and '.join(missing)}")
        texts = {name: str(values[name]) for name in ("name", "region")}
        return cls(environment, account=account(environment, variables), domain=str(values["domain_name"]), **texts)

    @property
    def prefix(self) -> str:
        return f"{self.name}-{self.environment}"

    @property
    def url(self) -> str:
        return f"https://{self.domain}"

    @property
    def repository(self) -> str:
        partition = self._partition
        return f"{self.account}.dkr.ecr.{self.region}.{partition[1]}/{self.prefix}/airflow"

    @property
    def cache(self) -> str:
        """Where the layers of a build wait for the next one."""
        return f"{self.repository.removesuffix('airflow')}cache:build"

    @property
    def deploy_bucket(self) -> str:
        return f"{self.prefix}-deploy-{self.account}"

    @property
    def cluster(self) -> str:
        return self.prefix

    @property
    def host_name(self) -> str:
        """The tag Name of the hosts."""
        return f"{self.prefix}-host"

    @property
    def state(self) -> dict[str, str]:
        """Where Terraform's state is, as arguments of -backend-config."""
        bucket = f"{self.name}-terraform-state-{self.account}"
        return {"bucket": bucket, "key": f"{self.prefix}.tfstate", "region": self.region}

    def role(self, kind: str) -> str:
        """Return the ARN of a pipeline's role: ``ci-plan`` or ``ci-deploy``."""
        return f"arn:{self._partition[0]}:iam::{self.account}:role/{self.prefix}-{kind}"

    @property
    def _partition(self) -> tuple[str, str]:
        found = (names for begin, names in PARTITIONS.items() if self.region.startswith(begin))
        return next(found, ("aws", "amazonaws.com"))


def tfvars(environment: str) -> Path:
    """Return the file of an environment.

    :raises Stop: when there is none
    """
    known = sorted(path.stem for path in ENVIRONMENTS.glob("*.tfvars"))
    if environment not in known:
        raise Stop(2, f"there is no infra/env/{environment}.tfvars: there are {', '.join(known)}")
    return ENVIRONMENTS / f"{environment}.tfvars"
