"""Pipelines: what their roles may do, and who may have them."""

from tests.infra.iam.rights import Right
from tests.infra.iam.tables.host import IN_CLUSTER, OTHER_CLUSTERS, OTHER_TASKS, TASK
from tests.infra.iam.tables.tasks import CONTEXT, NO_BINDING, S3

OWN_IMAGES = ("{ecr}/{prefix}/airflow", "{ecr}/{prefix}/cache")
OTHER_IMAGES = ("{ecr}/other/airflow", "arn:aws:ecr:{region}:999999999999:repository/{prefix}/airflow")
PUSH = [
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "CompleteLayerUpload",
    "DescribeImageScanFindings",
    "DescribeImages",
    "GetDownloadUrlForLayer",
    "InitiateLayerUpload",
    "PutImage",
    "UploadLayerPart",
]
HANDED_OVER = ("{deploy}/host/bin/docker-compose", "{deploy}/host/scripts/boot.sh", "{deploy}/releases/current.json")
NOT_HANDED_OVER = (
    "{deploy}/host/settings.env",
    "{deploy}/host/system/setup.sh",
    "{lake}/a",
    "{logs}/a",
    "{payloads}/a/b",
)
INSTANCE = "{ec2}:instance/i-0a1b"
TO_A_HOST = {"ssm:resourceTag/Name": "{prefix}-host", "ssm:SessionDocumentAccessCheck": "true"}
OTHER_DOCUMENTS = (
    "arn:aws:ssm:{region}::document/AWS-StartInteractiveCommand",
    "arn:aws:ssm:{region}::document/AWS-StartPortForwardingSessionToRemoteHost",
    "{ssm}:document/SSM-SessionManagerRunShell",
)

DEPLOY = [
    Right("ecr:GetAuthorizationToken", NO_BINDING),
    Right("ec2:DescribeInstances", NO_BINDING, not_do=("ec2:TerminateInstances", "ec2:DescribeInstanceAttribute")),
    *(
        Right(f"ecr:{action}", images, not_on=OTHER_IMAGES, not_do=("ecr:BatchDeleteImage", "ecr:DeleteRepository"))
        for action in PUSH
        for images in OWN_IMAGES
    ),
    *(
        Right(action, path, not_on=NOT_HANDED_OVER, not_do=("s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl"))
        for action in ("s3:PutObject", "s3:AbortMultipartUpload")
        for path in HANDED_OVER
    ),
    *(
        Right(
            action,
            "{key}",
            {"kms:ViaService": S3, CONTEXT: "{deploy}"},
            not_on=("arn:aws:kms:{region}:{account}:key/other",),
            not_with={
                "kms:ViaService": ("secretsmanager.{region}.amazonaws.com", None),
                CONTEXT: ("{payloads}", "{logs}", "{lake}/a", None),
            },
        )
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    ),
    Right("ecs:DescribeTasks", TASK, not_on=OTHER_TASKS, not_do=("ecs:StopTask", "ecs:ExecuteCommand")),
    Right("ecs:ListTasks", NO_BINDING, IN_CLUSTER, not_with=OTHER_CLUSTERS, not_do=("ecs:ListServices",)),
    Right(
        "ssm:StartSession",
        "arn:aws:ssm:{region}::document/AWS-StartSSHSession",
        not_on=OTHER_DOCUMENTS,
        not_do=("ssm:SendCommand",),
    ),
    Right(
        "ssm:StartSession",
        INSTANCE,
        TO_A_HOST,
        not_on=("{ssm}:managed-instance/mi-0a1b", "arn:aws:ec2:{region}:999999999999:instance/i-0a1b"),
        not_with={
            "ssm:resourceTag/Name": ("another-host", "{prefix}-host-2", None),
            "ssm:SessionDocumentAccessCheck": ("false",),
        },
        not_do=("ssm:SendCommand", "ssm:ResumeSession"),
    ),
    Right(
        "ssm:TerminateSession",
        "{ssm}:session/AROA:job-1-0a1b",
        {"aws:userid": "AROA:job-1"},
        not_on=("{ssm}:session/AROA:job-2-0a1b", "{ssm}:session/somebody-0a1b"),
    ),
]
NEVER_DEPLOY = [
    ("iam:PassRole", "{iam}:role/{prefix}-task-default"),
    ("iam:PassRole", "{iam}:role/{prefix}-host"),
    ("iam:CreateRole", "{iam}:role/x"),
    ("ecs:RunTask", "{ecs}:task-definition/{prefix}-worker:1"),
    ("ecs:RegisterTaskDefinition", "{ecs}:task-definition/{prefix}-worker:1"),
    ("ssm:SendCommand", INSTANCE),
    ("secretsmanager:GetSecretValue", "{secret}:{prefix}/database-url-AbCdEf"),
    ("s3:GetObject", "{deploy}/host/settings.env"),
    ("s3:GetObject", "{state_bucket}/{prefix}.tfstate"),
    ("s3:PutObject", "{state_bucket}/{prefix}.tfstate"),
    ("s3:PutObject", "{deploy}/host/settings.env"),
    ("s3:ListBucket", "{payloads}"),
    ("rds:CreateDBSnapshot", "{rds}:db:{prefix}"),
    ("ec2:RunInstances", INSTANCE),
    ("ecr:BatchDeleteImage", "{ecr}/{prefix}/airflow"),
    ("ecr:PutImage", "{ecr}/other/airflow"),
]

STATE = "{state_bucket}/{prefix}.tfstate"
PLAN = [
    Right(
        "ec2:DescribeAvailabilityZones",
        NO_BINDING,
        not_do=("ec2:DescribeInstances", "secretsmanager:GetRandomPassword"),
    ),
    Right(
        "s3:GetObject",
        STATE,
        not_on=(
            "{state_bucket}/other.tfstate",
            "{lake}/a",
            "{logs}/airflow/a",
            "{payloads}/a/b",
            "{deploy}/host/settings.env",
        ),
        not_do=("s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion"),
    ),
    Right("s3:ListBucket", "{state_bucket}", not_on=("{lake}", "{logs}", "{payloads}", "{deploy}")),
]
NEVER_PLAN = [
    ("s3:GetObject", "{lake}/raw/a.csv"),
    ("s3:GetObject", "{logs}/airflow/x"),
    ("s3:GetObject", "{payloads}/a/b"),
    ("s3:ListBucket", "{payloads}"),
    ("s3:PutObject", STATE),
    ("s3:PutObject", STATE + ".tflock"),
    ("secretsmanager:GetSecretValue", "{secret}:{prefix}/database-url-AbCdEf"),
    ("secretsmanager:GetSecretValue", "{master_secret}"),
    ("ssm:GetParameter", "{ssm}:parameter/x"),
    ("kms:Decrypt", "{key}"),
    ("iam:PassRole", "{iam}:role/{prefix}-host"),
    ("ecr:PutImage", "{ecr}/{prefix}/airflow"),
    ("ecs:RunTask", "{ecs}:task-definition/{prefix}-worker:1"),
]
