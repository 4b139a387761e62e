"""Plans of the root as JSON, made in an emulated account in which the network is there already.

A plan of an empty account knows no ids, and does not say how locals join them: which security group
a rule is for could not be read. So the network is applied first, and what policies name; the rest,
of which database and rules of buckets take minutes, is only planned.
"""

import json
import re
from pathlib import Path
from typing import Any

from tests.infra.closed_network.openings import READ
from tests.infra.terraform.account import REGION
from tests.infra.terraform.terraform import INFRA, PARALLELISM, Terraform

# besides the network: what the roles' policies and the text of the task definition's containers name
APPLIED = {*READ, "aws_cloudwatch_log_group", "aws_ecr_repository", "aws_iam_role", "aws_s3_bucket"}
BLOCK = re.compile(r'^resource "(\w+)" "(\w+)"', re.MULTILINE)

VARIABLES = {
    "environment": "test",
    "region": REGION,
    "domain_name": "airflow.example.com",
    "gitlab_project": "group/airflow",
    "deletion_protection": False,
}
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/11111111-2222-3333-4444-555555555555"
PEOPLE = "10.0.0.0/16"
CLOSED, ALL, OPEN = "closed", "all", "open"
QUICK: dict[str, dict[str, Any]] = {CLOSED: {}}
# besides: as much as a closed network can have, and one that is not closed
FULL: dict[str, dict[str, Any]] = {
    **QUICK,
    ALL: {
        "certificate_arn": CERTIFICATE,
        "ecs_exec": True,
        "host_count": 2,
        "ui_access": "internal",
        "ui_networks": [PEOPLE],
    },
    OPEN: {"nat_mode": "single"},
}
REFUSED = "refused"  # what Terraform says when nothing is left of interface_endpoints


def plans(terraform: Terraform, address: str, forms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the plans by the names of the forms, and the text REFUSED."""
    terraform.set("closed_network", aws_endpoint_url=address, **VARIABLES)
    terraform.run("apply", "-auto-approve", PARALLELISM, *(f"-target={block}" for block in blocks(INFRA)))
    made = {name: terraform.plan("-refresh=false", *arguments(variables)) for name, variables in forms.items()}
    code, refused = terraform.attempt("plan", "-refresh=false", *arguments({"interface_endpoints": []}))
    assert code == 1, refused
    return {**made, REFUSED: refused}


def blocks(root: Path) -> list[str]:
    """Return the resources of the root that are applied."""
    found = [match for path in sorted(root.glob("*.tf")) for match in BLOCK.findall(path.read_text())]
    return [f"{kind}.{name}" for kind, name in found if kind in APPLIED]


def arguments(variables: dict[str, Any]) -> list[str]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
    return [f"-var={name}={text}" for name, text in texts.items()]
