"""Names that are taken: each kind, once free and once taken."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from scripts.preflights.names import LISTERS, names, ours
from scripts.preflights.tfvars import FOLDER
from tests.scripts.preflights.canned import NUMBER, REGION, CannedAccount
from tests.scripts.preflights.conftest import Found

FREE = [("ok", "nothing in the account has a name of airflow-production")]
TRUST = '{"Version": "2012-10-17", "Statement": []}'
# types whose names AWS takes twice, or that belong to what is new itself
NOT_UNIQUE = {
    "aws_cloudwatch_event_rule": "PutRule changes the one there is",
    "aws_cloudwatch_log_metric_filter": "of a log group",
    "aws_cloudwatch_log_resource_policy": "PutResourcePolicy changes the one there is",
    "aws_cloudwatch_metric_alarm": "PutMetricAlarm changes the one there is",
    "aws_security_group": "unique in its VPC, which is new",
    "aws_sns_topic": "CreateTopic hands out the one there is",
}
OWN_CHECK = {"aws_s3_bucket", "aws_secretsmanager_secret", "aws_ecs_cluster", "aws_iam_openid_connect_provider"}


def subnets(made: Any) -> list[str]:
    return [each["SubnetId"] for each in made("ec2").describe_subnets()["Subnets"]][:2]


def balancer(made: Any, name: str) -> Any:
    return made("elbv2").create_load_balancer(Name=name, Subnets=subnets(made))


def targets(made: Any, name: str) -> Any:
    vpc = made("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    return made("elbv2").create_target_group(Name=name, Protocol="HTTPS", Port=443, VpcId=vpc)


def machine(made: Any, name: str) -> Any:
    definition = '{"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}'
    role = f"arn:aws:iam::{NUMBER}:role/x"
    return made("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)


def group(made: Any, name: str) -> Any:
    template = made("ec2").create_launch_template(
        LaunchTemplateName="other", LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    return made("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=0, MaxSize=0, LaunchTemplate={"LaunchTemplateId": template},
        VPCZoneIdentifier=subnets(made)[0],
    )  # fmt: skip


def alias(made: Any, name: str) -> Any:
    kms = made("kms")
    return kms.create_alias(AliasName=name, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def budget(made: Any, name: str) -> Any:
    return made("budgets").create_budget(
        AccountId=NUMBER,
        Budget={
            **{"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY"},
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
        },
    )


MAKERS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "aws_autoscaling_group": ("airflow-production-hosts", group),
    "aws_budgets_budget": ("airflow-production-monthly", budget),
    "aws_cloudwatch_log_group": (
        "/aws/rds/instance/airflow-production/postgresql",
        lambda made, name: made("logs").create_log_group(logGroupName=name),
    ),
    "aws_db_instance": (
        "airflow-production",
        lambda made, name: made("rds").create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="x",
            MasterUserPassword="xxxxxxxx",
        ),
    ),
    "aws_db_parameter_group": (
        "airflow-production-postgres17",
        lambda made, name: made("rds").create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description="x"
        ),
    ),
    "aws_db_subnet_group": (
        "airflow-production",
        lambda made, name: made("rds").create_db_subnet_group(
            DBSubnetGroupName=name, DBSubnetGroupDescription="x", SubnetIds=subnets(made)
        ),
    ),
    "aws_ecr_repository": (
        "airflow-production/airflow",
        lambda made, name: made("ecr").create_repository(repositoryName=name),
    ),
    "aws_iam_instance_profile": (
        "airflow-production-host",
        lambda made, name: made("iam").create_instance_profile(InstanceProfileName=name),
    ),
    "aws_iam_role": (
        "airflow-production-task-default",
        lambda made, name: made("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST),
    ),
    "aws_kms_alias": ("alias/airflow-production", alias),
    "aws_launch_template": (
        "airflow-production-host",
        lambda made, name: made("ec2").create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"InstanceType": "t3.micro"}
        ),
    ),
    "aws_lb": ("airflow-production-internal", balancer),
    "aws_lb_target_group": (
        "airflow-production-ui",
        targets,
    ),
    "aws_sfn_state_machine": ("airflow-production-execution-api-record", machine),
}


def test_an_empty_account(account: CannedAccount, found: Found) -> None:
    assert found(names) == FREE


@pytest.mark.parametrize("kind", LISTERS)
def test_a_name_that_is_taken(account: CannedAccount, found: Found, made: Any, kind: str) -> None:
    name, make = MAKERS[kind]
    make(made, name)
    assert found(names) == [("stop", f"{kind} {name} exists")]


def test_names_that_are_only_similar(account: CannedAccount, found: Found, made: Any) -> None:
    assert set(MAKERS) == set(LISTERS)
    for name, make in MAKERS.values():
        make(made, name.replace("airflow-production", "airflow-productive"))
    assert found(names) == FREE
    assert all(any("airflow-productive" in each for each in lister(account)) for lister in LISTERS.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("airflow-production", True),
        ("airflow-production-host", True),
        ("alias/airflow-production", True),
        ("/airflow-production/worker", True),
        ("airflow-production2", False),
        ("my-airflow-production", False),
        ("airflow", False),
    ],
)
def test_what_counts_as_ours(name: str, expected: bool) -> None:
    assert ours(name, "airflow-production") is expected


def test_every_named_resource_of_infra_is_looked_for() -> None:
    """A type whose name is made of the prefix is in one of the lists, so that a new one is not forgotten."""
    named = re.compile(
        r"^  (name|identifier|bucket|alarm_name|policy_name) += .*(local\.prefix|each\.value)", re.MULTILINE
    )
    blocks = [
        block
        for file in sorted(FOLDER.glob("*.tf"))
        for block in re.split(r"^(?=resource )", file.read_text(), flags=re.M)
    ]
    types = {block.split('"')[1] for block in blocks if block.startswith("resource ") and named.search(block)}
    assert {"aws_s3_bucket", "aws_iam_role", "aws_ecs_cluster", "aws_lb"} <= types
    helpers = {kind for kind in types if kind.startswith("aws_s3_bucket_")}  # of a bucket
    assert types - helpers - set(LISTERS) - OWN_CHECK - set(NOT_UNIQUE) == set()


def test_a_bucket_of_ours(account: CannedAccount, found: Found, made: Any) -> None:
    name = f"airflow-production-lake-{NUMBER}"
    made("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert found(names) == [("stop", f"aws_s3_bucket {name} exists")]


def test_a_bucket_of_somebody_else(account: CannedAccount, found: Found) -> None:
    account.refuse("HeadBucket", "403")
    expected = [f"airflow-production-{key}-{NUMBER}" for key in ("logs", "lake", "payloads", "deploy")]
    assert found(names) == [("stop", f"bucket {name} belongs to another account") for name in expected]


def test_a_secret(account: CannedAccount, found: Found, made: Any) -> None:
    made("secretsmanager").create_secret(Name="airflow-production/fernet-key", SecretString="x")
    made("secretsmanager").create_secret(Name="airflow-productions/fernet-key", SecretString="x")
    assert found(names) == [("stop", "aws_secretsmanager_secret airflow-production/fernet-key exists")]


def test_a_secret_that_is_being_deleted(account: CannedAccount, found: Found, made: Any) -> None:
    made("secretsmanager").create_secret(Name="airflow-production/fernet-key", SecretString="x")
    made("secretsmanager").delete_secret(SecretId="airflow-production/fernet-key", RecoveryWindowInDays=30)
    ((level, what),) = found(names)
    assert level == "stop"
    assert re.fullmatch(r"secret airflow-production/fernet-key is scheduled for deletion on \d{4}-\d\d-\d\d", what)


def test_a_cluster(account: CannedAccount, found: Found, made: Any) -> None:
    made("ecs").create_cluster(clusterName="airflow-production")
    assert found(names) == [("stop", "aws_ecs_cluster airflow-production exists")]


def test_an_identity_provider_of_the_account(account: CannedAccount, found: Found, made: Any) -> None:
    iam = made("iam")
    iam.create_open_id_connect_provider(Url="https://example.com", ThumbprintList=["0" * 40])
    assert found(names) == FREE
    arn = iam.create_open_id_connect_provider(Url="https://gitlab.com", ThumbprintList=["0" * 40])[
        "OpenIDConnectProviderArn"
    ]
    assert found(names) == [("stop", "the account has an identity provider for gitlab.com already")]
    assert found(names, f"gitlab_oidc_provider_arn={arn}") == FREE


def test_a_deployment_that_was_applied_before_owns_its_names(account: CannedAccount, found: Found, made: Any) -> None:
    made("ecs").create_cluster(clusterName="airflow-production")
    bucket = f"airflow-terraform-state-{NUMBER}"
    made("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert found(names)[0][0] == "stop"
    made("s3").put_object(Bucket=bucket, Key="airflow-production.tfstate", Body=b"{}")
    said = f"not compared: there is s3://{bucket}/airflow-production.tfstate, so this was applied before"
    assert found(names) == [("ok", f"{said} and the names are its own")]
