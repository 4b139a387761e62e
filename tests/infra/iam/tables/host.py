"""The hosts: running tasks on Fargate."""

from tests.infra.iam.rights import Right
from tests.infra.iam.tables.tasks import NO_BINDING, OTHER_LOGS, WORKER_LOG

IN_CLUSTER = {"ecs:cluster": "{cluster}"}
OTHER_CLUSTERS = {"ecs:cluster": ("{ecs}:cluster/other", "arn:aws:ecs:{region}:999999999999:cluster/{prefix}", None)}
FAMILIES = ("{ecs}:task-definition/{prefix}-worker:7", "{ecs}:task-definition/ecs_run_task:1")
OTHER_FAMILIES = (
    "{ecs}:task-definition/other:1",
    "{ecs}:task-definition/{prefix}-worker-template:1",
    "arn:aws:ecs:{region}:999999999999:task-definition/{prefix}-worker:7",
    "arn:aws:ecs:us-east-1:{account}:task-definition/{prefix}-worker:7",
)
TASK = "{ecs}:task/{prefix}/0a1b"
OTHER_TASKS = ("{ecs}:task/other/0a1b", "arn:aws:ecs:{region}:999999999999:task/{prefix}/0a1b")
STARTED = {"ecs:CreateAction": "RunTask"}
REGISTERED = {"ecs:CreateAction": "RegisterTaskDefinition"}

PASSED = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
PASSED_ELSEWHERE = {
    "iam:PassedToService": (
        "ec2.amazonaws.com",
        "lambda.amazonaws.com",
        "ecs.amazonaws.com",
        "states.amazonaws.com",
        "codebuild.amazonaws.com",
        None,
    )
}
PASSED_ROLES = ("execution", "task-default", "task-reader", "task-writer", "task-nothing", "task-extra")
OTHER_ROLES = (
    "{iam}:role/{prefix}-host",
    "{iam}:role/{prefix}-ci-deploy",
    "{iam}:role/{prefix}-execution-api-record",
    "{iam}:role/Administrator",
    "arn:aws:iam::999999999999:role/{prefix}-task-default",
)

TASKS = [
    *(
        Right(
            "ecs:RunTask",
            family,
            IN_CLUSTER,
            not_do=("ecs:StartTask", "ecs:CreateService", "ecs:UpdateService"),
            not_on=OTHER_FAMILIES,
            not_with=OTHER_CLUSTERS,
        )
        for family in FAMILIES
    ),
    Right(
        "ecs:StopTask", TASK, IN_CLUSTER, not_on=OTHER_TASKS, not_with=OTHER_CLUSTERS, not_do=("ecs:ExecuteCommand",)
    ),
    Right("ecs:DescribeTasks", TASK, IN_CLUSTER, not_on=OTHER_TASKS, not_with=OTHER_CLUSTERS),
    Right("ecs:ListTasks", NO_BINDING, IN_CLUSTER, not_with=OTHER_CLUSTERS, not_do=("ecs:ListServices",)),
    Right(
        "ecs:TagResource",
        TASK,
        STARTED,
        not_on=(*OTHER_TASKS, "{cluster}"),
        not_with={"ecs:CreateAction": ("CreateService", None)},
        not_do=("ecs:UntagResource",),
    ),
    *(
        Right(
            "ecs:TagResource",
            family,
            REGISTERED,
            not_on=OTHER_FAMILIES,
            not_with={"ecs:CreateAction": ("CreateCluster",)},
        )
        for family in FAMILIES
    ),
    *(Right("ecs:RegisterTaskDefinition", family, not_on=OTHER_FAMILIES) for family in FAMILIES),
    *(Right("ecs:DeleteTaskDefinitions", family, not_on=OTHER_FAMILIES) for family in FAMILIES),
    Right("ecs:DeregisterTaskDefinition", NO_BINDING),
    Right("ecs:DescribeTaskDefinition", NO_BINDING),
    Right("ecs:ListTaskDefinitions", NO_BINDING, not_do=("ecs:ListClusters",)),
    *(
        Right(
            "iam:PassRole",
            f"{{iam}}:role/{{prefix}}-{role}",
            PASSED,
            not_do=("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy"),
            not_on=OTHER_ROLES,
            not_with=PASSED_ELSEWHERE,
        )
        for role in PASSED_ROLES
    ),
    Right("logs:GetLogEvents", WORKER_LOG, not_on=OTHER_LOGS, not_do=("logs:DeleteLogStream", "logs:PutLogEvents")),
]
NEVER = [
    ("iam:PassRole", "{iam}:role/{prefix}-host"),
    ("iam:CreateRole", "{iam}:role/x"),
    ("iam:PutRolePolicy", "{iam}:role/{prefix}-host"),
    ("iam:AttachRolePolicy", "{iam}:role/{prefix}-host"),
    ("ec2:RunInstances", "{ec2}:instance/i-0a1b"),
    ("ec2:TerminateInstances", "{ec2}:instance/i-0a1b"),
    ("ecs:ExecuteCommand", "{ecs}:task/{prefix}/0a1b"),
    ("ecs:DeleteCluster", "{cluster}"),
    ("s3:DeleteObject", "{lake}/raw/a.csv"),
    ("s3:DeleteObject", "{logs}/airflow/x"),
    ("s3:PutObject", "{deploy}/host/settings.env"),
    ("s3:PutObject", "{deploy}/host/system/setup.sh"),
    ("s3:PutObject", "{deploy}/host/scripts/boot.sh"),
    ("s3:GetObject", "{state_bucket}/{prefix}.tfstate"),
    ("secretsmanager:PutSecretValue", "{secret}:{prefix}/api-secret-AbCdEf"),
    ("secretsmanager:GetSecretValue", "{secret}:other/fernet-key-AbCdEf"),
    ("ecr:InitiateLayerUpload", "{ecr}/{prefix}/airflow"),
    ("ecr:PutImage", "{ecr}/{prefix}/cache"),
    ("ecr:BatchDeleteImage", "{ecr}/{prefix}/cache"),
    ("ecr:DeleteRepository", "{ecr}/{prefix}/airflow"),
    ("s3:DeleteObject", "{deploy}/releases/current.json"),
    ("s3:DeleteObject", "{deploy}/releases/audit/2026-11-22T00:00:00Z.json"),
    ("rds:DeleteDBInstance", "{rds}:db:{prefix}"),
    ("rds:ModifyDBInstance", "{rds}:db:{prefix}"),
    ("rds:DeleteDBSnapshot", "{rds}:snapshot:{prefix}-a"),
    ("rds:CreateDBSnapshot", "{rds}:db:other"),
    ("kms:ScheduleKeyDeletion", "{key}"),
    ("kms:PutKeyPolicy", "{key}"),
    ("ssm:SendCommand", "{ec2}:instance/i-0a1b"),
    ("ssm:StartSession", "{ec2}:instance/i-0a1b"),
    ("ssm:GetParameter", "{ssm}:parameter/x"),
    ("route53:ChangeResourceRecordSets", "{zone}"),
]
