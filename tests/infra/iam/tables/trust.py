"""Who may have each role: the service or the identity provider, and in which circumstances."""

from dataclasses import dataclass

from tests.infra.iam.rights import Right

NOBODY = (
    "lambda.amazonaws.com",
    "{iam}:root",
    "{iam}:user/somebody",
    "{iam}:role/somebody",
    "arn:aws:iam::999999999999:root",
    "arn:aws:iam::999999999999:role/somebody",
    "{iam}:oidc-provider/gitlab.example.com",
)


@dataclass(frozen=True)
class Trust:
    """A principal with what it calls; ``not_by`` are those that must not, besides NOBODY."""

    principal: str
    right: Right
    not_by: tuple[str, ...] = ()


def service(name: str, right: Right, *not_by: str) -> Trust:
    return Trust(f"{name}.amazonaws.com", right, tuple(f"{other}.amazonaws.com" for other in not_by))


ASSUME, ROLE = "sts:AssumeRole", "{role}"
ELSEWHERE = ("999999999999", None)
BY_ACCOUNT = Right(ASSUME, ROLE, {"aws:SourceAccount": "{account}"}, not_with={"aws:SourceAccount": ELSEWHERE})


def by_source(arn: str, *others: str) -> Right:
    return Right(
        ASSUME,
        ROLE,
        {"aws:SourceAccount": "{account}", "aws:SourceArn": arn},
        not_with={"aws:SourceAccount": ELSEWHERE, "aws:SourceArn": (*others, None)},
    )


TASK = service(
    "ecs-tasks",
    by_source(
        "{ecs}:task/{prefix}/0a1b",
        "arn:aws:ecs:{region}:999999999999:task/{prefix}/0a1b",
        "arn:aws:ecs:us-east-1:{account}:task/{prefix}/0a1b",
    ),
    "ecs",
    "ec2",
)
FLOW_LOG = by_source(
    "{ec2}:vpc-flow-log/fl-0a1b", "arn:aws:ec2:{region}:999999999999:vpc-flow-log/fl-0a1b", "{ec2}:vpc/vpc-0a1b"
)

WEB, SUB, AUD = "sts:AssumeRoleWithWebIdentity", "gitlab.com:sub", "gitlab.com:aud"
ADDRESS, BRANCH = "https://gitlab.com", "project_path:group/airflow:ref_type:branch:ref"
PROVIDERS = ("{iam}:oidc-provider/gitlab.com.example.com", "arn:aws:iam::999999999999:oidc-provider/gitlab.com")
OTHER_AUD = ("https://gitlab.example.com", "sts.amazonaws.com", "https://gitlab.com/", None)
# https://docs.gitlab.com/ee/ci/secrets/id_token_authentication.html
NO_BRANCH = (
    "project_path:group/airflow:ref_type:tag:ref:main",
    "project_path:fork/airflow:ref_type:branch:ref:main",
    "project_path:group/airflow-2:ref_type:branch:ref:main",
    "project_path:group/sub/airflow:ref_type:branch:ref:main",
    "project_path:other:ref_type:branch:ref:main:project_path:group/airflow:ref_type:branch:ref:main",
    "group/airflow",
    None,
)
# a merge request's pipeline has the branch that is to be merged
OTHER_BRANCHES = tuple(f"{BRANCH}:{name}" for name in ("feature", "mai", "main2", "main/x", "release/main", "Main"))


def gitlab(branch: str, *not_sub: str | None) -> Trust:
    right = Right(
        WEB,
        ROLE,
        {SUB: f"{BRANCH}:{branch}", AUD: ADDRESS},
        not_with={SUB: not_sub, AUD: OTHER_AUD},
        not_do=(ASSUME, "sts:TagSession"),
    )
    return Trust("{iam}:oidc-provider/gitlab.com", right, PROVIDERS)


TRUST: dict[str, list[Trust]] = {
    "execution": [service("ecs-tasks", Right(ASSUME, ROLE), "ecs", "ec2")],
    'task["default"]': [TASK],
    'task["reader"]': [TASK],
    'task["writer"]': [TASK],
    'task["nothing"]': [TASK],
    'task["extra"]': [TASK],
    "host": [service("ec2", Right(ASSUME, ROLE), "ecs-tasks", "ssm")],
    "ci_deploy": [gitlab("main", *OTHER_BRANCHES, *NO_BRANCH)],
    "ci_plan": [gitlab(branch, *NO_BRANCH) for branch in ("main", "feature", "feature/x")],
    "execution_api_record": [service("states", BY_ACCOUNT, "events")],
    "execution_api_events": [service("events", BY_ACCOUNT, "states")],
    "flow_logs": [service("vpc-flow-logs", FLOW_LOG, "delivery.logs")],
}
