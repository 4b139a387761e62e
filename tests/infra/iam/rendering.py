"""The roles as `terraform test` renders them: nothing is made, and what a policy refers to has the ARN stated here.

An apply to an emulated account takes minutes, most of them to wait for a database. test_roles_applied.py,
beside the tests that apply, compares its policies with these.
"""

import json
from typing import Any

from tests.infra.iam import roles
from tests.infra.terraform.account import REGION
from tests.infra.terraform.terraform import Failed, Terraform

ACCOUNT, PREFIX = "123456789012", "airflow-test"
HERE = f"{REGION}:{ACCOUNT}"
EXTRA = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{HERE}:reports"}
BUCKETS = ("deploy", "lake", "logs", "payloads")
TASK_ROLES = {
    "default": {"lake_read": ["*"], "lake_write": ["*"]},
    "reader": {"lake_read": ["raw/*"]},
    "writer": {"lake_write": ["reports/*"]},
    "nothing": {},
    # what a deployment grants by itself comes on top
    "extra": {"policy_json": json.dumps({"Version": "2012-10-17", "Statement": [EXTRA]})},
}
VARIABLES = {
    "environment": "test",
    "region": REGION,
    "domain_name": "airflow.example.com",
    "gitlab_project": "group/airflow",
    "task_roles": TASK_ROLES,
}
SECRET = f"arn:aws:secretsmanager:{HERE}:secret:rds!db-1a2b"
# what policies refer to
ARNS = {
    "aws_cloudwatch_log_group.exec": f"arn:aws:logs:{HERE}:log-group:/{PREFIX}/exec",
    "aws_cloudwatch_log_group.flow": f"arn:aws:logs:{HERE}:log-group:/{PREFIX}/flow",
    "aws_cloudwatch_log_group.worker": f"arn:aws:logs:{HERE}:log-group:/{PREFIX}/worker",
    "aws_db_instance.main": f"arn:aws:rds:{HERE}:db:{PREFIX}",
    "aws_ecr_repository.airflow": f"arn:aws:ecr:{HERE}:repository/{PREFIX}/airflow",
    "aws_ecr_repository.cache": f"arn:aws:ecr:{HERE}:repository/{PREFIX}/cache",
    "aws_ecs_cluster.main": f"arn:aws:ecs:{HERE}:cluster/{PREFIX}",
    "aws_iam_openid_connect_provider.gitlab": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com",
    "aws_kms_key.main": f"arn:aws:kms:{HERE}:key/1a2b",
    "aws_route53_zone.private": "arn:aws:route53:::hostedzone/Z1A2B",
    "aws_sfn_state_machine.execution_api_record": f"arn:aws:states:{HERE}:stateMachine:{PREFIX}-execution-api-record",
} | {f'aws_s3_bucket.this["{key}"]': f"arn:aws:s3:::{PREFIX}-{key}-{ACCOUNT}" for key in BUCKETS}
OTHERWISE = f"arn:aws:unknown:{HERE}:unknown"
# what Terraform or a policy looks at besides
MORE: dict[str, dict[str, Any]] = {
    "aws_db_instance.main": {"master_user_secret": [{"secret_arn": SECRET, "secret_status": "active"}]},
    "aws_launch_template.host": {"id": "lt-1a2b"},
    **{f'aws_s3_bucket.this["{key}"]': {"id": f"{PREFIX}-{key}-{ACCOUNT}"} for key in BUCKETS},
}


def render(terraform: Terraform, aws: str, **variants: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the resources of each variant of the variables: ``{variant: {address: attributes}}``.

    :param aws: the address of an emulated AWS, which is asked for its zones and the account's number
    """
    terraform.set("roles", aws_endpoint_url=aws, **VARIABLES)
    folder = terraform.folder / "tests"
    for path in folder.glob("*.tftest.hcl"):
        path.unlink()
    folder.mkdir(exist_ok=True)
    (folder / "roles.tftest.hcl").write_text(written(variants))
    code, printed = terraform.attempt("test", "-json", "-verbose")
    said = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    states = {line["@testrun"]: line["test_state"]["root_module"] for line in said if "test_state" in line}
    if code or set(states) != set(variants):
        raise Failed("\n".join(line["@message"] for line in said))
    return {name: roles.resources(module) for name, module in states.items()}


def written(variants: dict[str, dict[str, Any]]) -> str:
    """Return the file for `terraform test`: every resource overridden, and a run for each variant."""
    overrides = [
        f"override_resource {{\n  target = {address}\n  values = {json.dumps(values)}\n}}\n"
        for address, values in overridden().items()
    ]
    targets = ", ".join(roles.made())
    runs = [
        f'run "{name}" {{\n  command = apply\n  plan_options {{ target = [{targets}] }}\n'
        f"  variables {{\n{_assignments(values)}  }}\n}}\n"
        for name, values in variants.items()
    ]
    return "".join(overrides + runs)


def overridden() -> dict[str, dict[str, Any]]:
    """Return what every resource of the root is said to be."""
    roles_there, stated = names_of_roles(), {**ARNS}
    stated |= {address: f"arn:aws:iam::{ACCOUNT}:role/{name}" for address, name in roles_there.items()}
    whole = {address.partition("[")[0] for address in stated}
    stated |= {address: OTHERWISE for address in roles.addresses() if address not in whole}
    ids = {address: {"id": name} for address, name in roles_there.items()}
    return {address: {"arn": arn, **MORE.get(address, {}), **ids.get(address, {})} for address, arn in stated.items()}


def names_of_roles() -> dict[str, str]:
    """Return {address: name}; the names are made from the addresses."""
    keys = [address for address in roles.addresses() if address.startswith("aws_iam_role.")]
    names = {address: address.removeprefix("aws_iam_role.").replace("_", "-") for address in keys}
    del names["aws_iam_role.task"]
    names |= {f'aws_iam_role.task["{name}"]': f"task-{name}" for name in TASK_ROLES}
    return {address: f"{PREFIX}-{name}" for address, name in names.items()}


def _assignments(values: dict[str, Any]) -> str:
    return "".join(f"    {name} = {json.dumps(value)}\n" for name, value in values.items())
