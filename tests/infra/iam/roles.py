"""The roles of infra/ with their policies, read from what Terraform made."""

import json
from dataclasses import dataclass
from typing import Any

from tests.infra.iam.documents import Document
from tests.infra.terraform import files
from tests.infra.terraform.terraform import INFRA

MADE = ("aws_iam_role.", "aws_iam_role_policy.", "aws_iam_role_policy_attachment.", "aws_s3_bucket_policy.")


@dataclass(frozen=True)
class Role:
    arn: str
    trust: Document
    policies: list[Document]


@dataclass(frozen=True)
class Account:
    """Roles by their addresses without type and number (``host``, ``task["default"]``), buckets' policies by ARN."""

    roles: dict[str, Role]
    buckets: dict[str, Document]
    names: dict[str, str]


def addresses() -> list[str]:
    """Return the addresses of all resources of the root."""
    texts = [path.read_text() for path in INFRA.glob("*.tf")]
    return [
        f"{found[2]}.{found[3]}" for text in texts for found in files.BLOCK.finditer(text) if found[1] == "resource"
    ]


def made() -> list[str]:
    """Return the addresses that have to be made for all policies to be known."""
    found = [address for address in addresses() if address.startswith(MADE)]
    assert len(found) > 10
    return found


def resources(module: dict[str, Any]) -> dict[str, Any]:
    """Return {address: attributes} of the ``root_module`` of a state as JSON."""
    return {
        resource["address"]: resource["values"] for resource in module["resources"] if resource["mode"] == "managed"
    }


def account(found: dict[str, Any]) -> Account:
    return Account(roles(found), buckets(found), names(found))


def roles(found: dict[str, Any]) -> dict[str, Role]:
    return {
        _key(address): Role(values["arn"], json.loads(values["assume_role_policy"]), policies_of(found, values["name"]))
        for address, values in found.items()
        if address.startswith("aws_iam_role.")
    }


def policies_of(found: dict[str, Any], role: str) -> list[Document]:
    """Return the inline policies of a role; test_house_rules.py sees to it that there are no others."""
    inline = [values for address, values in found.items() if address.startswith("aws_iam_role_policy.")]
    return [json.loads(values["policy"]) for values in inline if values["role"] == role]


def buckets(found: dict[str, Any]) -> dict[str, Document]:
    inline = [values for address, values in found.items() if address.startswith("aws_s3_bucket_policy.")]
    return {f"arn:aws:s3:::{values['bucket']}": json.loads(values["policy"]) for values in inline}


def names(found: dict[str, Any]) -> dict[str, str]:
    """Return what the tables call things by, as ``{name}``."""
    prefix = found["aws_ecs_cluster.main"]["name"]
    _, _, _, region, account, _ = found["aws_ecs_cluster.main"]["arn"].split(":", 5)
    here = f"{region}:{account}"
    known = {
        "account": account,
        "region": region,
        "prefix": prefix,
        "ecs": f"arn:aws:ecs:{here}",
        "iam": f"arn:aws:iam::{account}",
        "logs_group": f"arn:aws:logs:{here}:log-group",
        "rds": f"arn:aws:rds:{here}",
        "secret": f"arn:aws:secretsmanager:{here}:secret",
        "ecr": f"arn:aws:ecr:{here}:repository",
        "ec2": f"arn:aws:ec2:{here}",
        "ssm": f"arn:aws:ssm:{here}",
        "cluster": found["aws_ecs_cluster.main"]["arn"],
        "key": found["aws_kms_key.main"]["arn"],
        "master_secret": found["aws_db_instance.main"]["master_user_secret"][0]["secret_arn"],
        "zone": found["aws_route53_zone.private"]["arn"],
        "state_bucket": f"arn:aws:s3:::airflow-terraform-state-{account}",
    }
    return known | {name: f"arn:aws:s3:::{prefix}-{name}-{account}" for name in ("logs", "lake", "payloads", "deploy")}


def _key(address: str) -> str:
    return address.removeprefix("aws_iam_role.").removesuffix("[0]")
