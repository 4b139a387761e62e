"""The bucket of Terraform's state, which infra/bootstrap makes, and what else has to be there before."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from scripts.preflights.account import Account, absent, code_of
from scripts.preflights.finding import Finding, ok, stop, warning
from scripts.preflights.plan import Plan

ECS_ROLE = "AWSServiceRoleForECS"


def state(plan: Plan, account: Account, bucket: str | None = None) -> Iterator[Finding]:
    name = bucket or plan.state_bucket(account.number)
    s3 = account.client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if absent(error):
            todo = f"terraform -chdir=infra/bootstrap apply -var region={plan.region}; --state-bucket names another"
            yield stop("state", f"there is no bucket {name}", todo)
        elif code_of(error) in ("403", "AccessDenied", "Forbidden"):
            yield stop("state", f"bucket {name} may not be read", "use the role that applies, or name your own bucket")
        else:
            raise
        return
    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        todo = f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
        yield warning("state", f"{name} keeps no older versions: a damaged state could not be brought back", todo)
        return
    yield ok("state", f"{name} is there, with versions")


def applied(plan: Plan, account: Account, bucket: str | None = None) -> str | None:
    """Return the address of this deployment's state if there is one."""
    name = bucket or plan.state_bucket(account.number)
    try:
        account.client("s3").head_object(Bucket=name, Key=plan.state_key)
    except ClientError as error:
        if absent(error) or code_of(error) in ("403", "AccessDenied", "Forbidden"):
            return None
        raise
    return f"s3://{name}/{plan.state_key}"


def service_role(plan: Plan, account: Account) -> Iterator[Finding]:
    """Look for the role that ECS makes for itself: where it was never used, the first cluster can come too early."""
    try:
        account.client("iam").get_role(RoleName=ECS_ROLE)
    except ClientError as error:
        if not absent(error):
            raise
        todo = "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"
        yield warning("roles", f"{ECS_ROLE} is missing, without which the first apply can fail once", todo)
        return
    yield ok("roles", f"{ECS_ROLE} is there")
