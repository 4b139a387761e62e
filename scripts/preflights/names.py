"""Names that an apply will take, and that are taken."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from scripts.preflights.account import Account, absent, code_of
from scripts.preflights.finding import Finding, ok, stop
from scripts.preflights.plan import Plan
from scripts.preflights.state import applied

OTHER = "delete it, import it (terraform import {}.… {}), or choose another name or environment"


def _all(service: str, operation: str, key: str, name: str, **arguments: str) -> Callable[[Account], Iterable[str]]:
    """Return what lists the names of all things of a kind."""
    return lambda account: (each[name] for each in account.all(service, operation, key, **arguments))


# how to find what has a name that only one of its kind may have, by Terraform's type
LISTERS: dict[str, Callable[[Account], Iterable[str]]] = {
    "aws_autoscaling_group": _all(
        "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"
    ),
    "aws_budgets_budget": lambda account: (
        each["BudgetName"] for each in account.all("budgets", "describe_budgets", "Budgets", AccountId=account.number)
    ),
    "aws_cloudwatch_log_group": _all("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "aws_db_instance": _all("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    "aws_db_parameter_group": _all("rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    "aws_db_subnet_group": _all("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    "aws_ecr_repository": _all("ecr", "describe_repositories", "repositories", "repositoryName"),
    "aws_iam_instance_profile": _all("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    "aws_iam_role": _all("iam", "list_roles", "Roles", "RoleName"),
    "aws_kms_alias": _all("kms", "list_aliases", "Aliases", "AliasName"),
    "aws_launch_template": _all("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
    "aws_lb": _all("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    "aws_lb_target_group": _all("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    "aws_sfn_state_machine": _all("stepfunctions", "list_state_machines", "stateMachines", "name"),
}


def names(plan: Plan, account: Account, bucket: str | None = None) -> Iterator[Finding]:
    """Find what has the names of this deployment: the prefix itself, or the prefix and a mark behind it."""
    if key := applied(plan, account, bucket):
        yield ok("names", f"not compared: there is {key}, so this was applied before and the names are its own")
        return
    taken = [
        *_buckets(plan, account),
        *_secrets(plan, account),
        *_provider(plan, account),
        *_cluster(plan, account),
        *(stop("names", f"{kind} {name} exists", OTHER.format(kind, name)) for kind, name in _listed(plan, account)),
    ]
    yield from taken or [ok("names", f"nothing in the account has a name of {plan.prefix}")]


def _listed(plan: Plan, account: Account) -> Iterator[tuple[str, str]]:
    for kind, lister in LISTERS.items():
        yield from ((kind, name) for name in sorted(lister(account)) if ours(name, plan.prefix))


def ours(name: str, prefix: str) -> bool:
    """Tell whether a name has the prefix as a part, as /aws/rds/instance/PREFIX/… has, or as the beginning of one."""
    return any(part == prefix or part.startswith(f"{prefix}-") for part in name.split("/"))


def _buckets(plan: Plan, account: Account) -> Iterator[Finding]:
    """Find buckets with our names, whoever they belong to."""
    for name in plan.buckets(account.number):
        try:
            account.client("s3").head_bucket(Bucket=name)
        except ClientError as error:
            if absent(error):
                continue
            if code_of(error) in ("403", "AccessDenied", "Forbidden"):
                yield stop("names", f"bucket {name} belongs to another account", "choose another name or environment")
                continue
            if code_of(error) not in ("301", "PermanentRedirect"):
                raise
        yield stop("names", f"aws_s3_bucket {name} exists", OTHER.format("aws_s3_bucket", name))


def _secrets(plan: Plan, account: Account) -> Iterator[Finding]:
    wanted = [{"Key": "name", "Values": [f"{plan.prefix}/"]}]
    found = account.all("secretsmanager", "list_secrets", "SecretList", IncludePlannedDeletion=True, Filters=wanted)
    for secret in sorted(found, key=lambda each: str(each["Name"])):
        if not secret["Name"].startswith(f"{plan.prefix}/"):
            continue
        if gone := secret.get("DeletedDate"):
            command = "aws secretsmanager delete-secret --force-delete-without-recovery"
            todo = (
                f"wait until it is gone, or free its name: {command} --region {plan.region} --secret-id {secret['ARN']}"
            )
            yield stop("names", f"secret {secret['Name']} is scheduled for deletion on {gone:%Y-%m-%d}", todo)
        else:
            todo = OTHER.format("aws_secretsmanager_secret", secret["ARN"])
            yield stop("names", f"aws_secretsmanager_secret {secret['Name']} exists", todo)


def _provider(plan: Plan, account: Account) -> Iterator[Finding]:
    """Find the identity provider of GitLab, of which an account has one, whoever made it."""
    if plan.gitlab_oidc_provider_arn:
        return
    host = urlparse(plan.gitlab_url).netloc
    for provider in account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if provider["Arn"].partition("/")[2] == host:
            todo = f'set gitlab_oidc_provider_arn = "{provider["Arn"]}"'
            yield stop("names", f"the account has an identity provider for {host} already", todo)


def _cluster(plan: Plan, account: Account) -> Iterator[Finding]:
    """Find a cluster with our name: AWS would not refuse a second one, but hand out the first."""
    for cluster in account.client("ecs").describe_clusters(clusters=[plan.prefix])["clusters"]:
        if cluster["status"] != "INACTIVE":
            yield stop("names", f"aws_ecs_cluster {plan.prefix} exists", OTHER.format("aws_ecs_cluster", plan.prefix))
