"""Fargate's agent, which starts workers, and the code that runs in them."""

from tests.infra.iam.rights import Right

IMAGES, OTHER_ACCOUNT = "{ecr}/{prefix}/airflow", "arn:aws:ecr:{region}:999999999999:repository/{prefix}/airflow"
WORKER_LOG = "{logs_group}:/{prefix}/worker:log-stream:worker/airflow/0a1b"
OTHER_LOGS = (
    "{logs_group}:/{prefix}/flow:log-stream:x",
    "{logs_group}:/{prefix}/exec:log-stream:x",
    "{logs_group}:/other/worker:log-stream:x",
)
OTHER_IMAGES = ("{ecr}/{prefix}/cache", "{ecr}/other/airflow", OTHER_ACCOUNT)
NO_BINDING = "*"

EXECUTION = [
    Right("ecr:GetAuthorizationToken", NO_BINDING),
    Right("ecr:BatchCheckLayerAvailability", IMAGES, not_on=OTHER_IMAGES),
    Right("ecr:GetDownloadUrlForLayer", IMAGES, not_on=OTHER_IMAGES),
    Right("ecr:BatchGetImage", IMAGES, not_on=OTHER_IMAGES, not_do=("ecr:PutImage", "ecr:BatchDeleteImage")),
    Right("logs:CreateLogStream", WORKER_LOG, not_on=OTHER_LOGS, not_do=("logs:DeleteLogStream",)),
    Right("logs:PutLogEvents", WORKER_LOG, not_on=OTHER_LOGS, not_do=("logs:GetLogEvents",)),
]
NEVER_EXECUTION = [
    ("s3:GetObject", "{payloads}/a/b"),
    ("s3:GetObject", "{lake}/a"),
    ("secretsmanager:GetSecretValue", "{secret}:{prefix}/database-url-AbCdEf"),
    ("ssm:GetParameters", "{ssm}:parameter/x"),
    ("kms:Decrypt", "{key}"),
    ("ecs:RunTask", "{ecs}:task-definition/{prefix}-worker:1"),
    ("iam:PassRole", "{iam}:role/{prefix}-host"),
]

S3 = "s3.{region}.amazonaws.com"
CONTEXT = "kms:EncryptionContext:aws:s3:arn"
OTHER_BUCKETS = ("{deploy}/host/settings.env", "{state_bucket}/{prefix}.tfstate", "arn:aws:s3:::somebody-s/a")
OTHER_SERVICES = ("secretsmanager.{region}.amazonaws.com", "s3.us-east-1.amazonaws.com", None)
NOT_DECRYPTED = ("{deploy}", "{deploy}/host/settings.env", "arn:aws:s3:::somebody-s", None)


def key(action: str, bucket: str) -> Right:
    """Return the right to the key for what is in a bucket, by S3 alone."""
    return Right(
        action,
        "{key}",
        {"kms:ViaService": S3, CONTEXT: bucket},
        not_do=("kms:CreateGrant", "kms:ScheduleKeyDeletion"),
        not_on=("arn:aws:kms:{region}:{account}:key/other",),
        not_with={"kms:ViaService": OTHER_SERVICES, CONTEXT: NOT_DECRYPTED},
    )


EVERY_TASK = [
    Right("s3:GetObject", "{payloads}/a/b", not_on=OTHER_BUCKETS, not_do=("s3:PutObject",)),
    Right("s3:DeleteObject", "{payloads}/a/b", not_on=(*OTHER_BUCKETS, "{logs}/airflow/x", "{lake}/raw/a")),
    Right("s3:GetObject", "{logs}/airflow/dag_id=a/attempt=1.log", not_on=("{logs}/other/x",)),
    Right(
        "s3:PutObject",
        "{logs}/airflow/dag_id=a/attempt=1.log",
        not_on=("{logs}/other/x", "{payloads}/a/b", *OTHER_BUCKETS),
        not_do=("s3:PutObjectAcl", "s3:DeleteObject"),
    ),
    Right(
        "s3:ListBucket", "{logs}", not_on=("{payloads}", "{deploy}", "{state_bucket}"), not_do=("s3:PutBucketPolicy",)
    ),
    key("kms:Decrypt", "{payloads}"),
    key("kms:Decrypt", "{logs}/airflow/x"),
    key("kms:GenerateDataKey", "{logs}"),
]
READ, WRITE = "s3:GetObject", "s3:PutObject"
LAKE = [
    Right(READ, "{lake}/raw/a.csv", not_on=OTHER_BUCKETS),
    Right(WRITE, "{lake}/reports/a.html", not_on=OTHER_BUCKETS, not_do=("s3:PutObjectAcl", "s3:DeleteObject")),
    Right("s3:AbortMultipartUpload", "{lake}/reports/a.html", not_on=("{payloads}/a/b", *OTHER_BUCKETS)),
    Right("s3:ListBucket", "{lake}", not_on=("{payloads}", "arn:aws:s3:::somebody-s"), not_do=("s3:DeleteBucket",)),
]
LAKE_READER = [
    Right(READ, "{lake}/raw/a.csv", not_on=("{lake}/reports/a.html", "{lake}/rawest/a.csv"), not_do=(WRITE,)),
    Right("s3:ListBucket", "{lake}", not_on=("{payloads}",)),
]
LAKE_WRITER = [
    Right(READ, "{lake}/reports/a.html", not_on=("{lake}/raw/a.csv",)),
    Right(WRITE, "{lake}/reports/a.html", not_on=("{lake}/raw/a.csv", "{lake}/reports"), not_do=("s3:DeleteObject",)),
    Right("s3:AbortMultipartUpload", "{lake}/reports/a.html", not_on=("{lake}/raw/a.csv",)),
    Right("s3:ListBucket", "{lake}", not_on=("{payloads}",)),
]
# of var.task_roles' policy_json
EXTRA = [
    Right(
        "sqs:SendMessage",
        "arn:aws:sqs:{region}:{account}:reports",
        not_on=("arn:aws:sqs:{region}:{account}:other",),
        not_do=("sqs:ReceiveMessage",),
    )
]
NEVER_READER = [(WRITE, "{lake}/raw/a.csv"), (WRITE, "{lake}/reports/a.html"), (READ, "{lake}/reports/a.html")]
NEVER_WRITER = [(READ, "{lake}/raw/a.csv"), (WRITE, "{lake}/raw/a.csv")]
NEVER = [
    ("s3:ListBucket", "{payloads}"),
    ("s3:DeleteObject", "{lake}/raw/a.csv"),
    ("s3:GetObject", "{deploy}/host/settings.env"),
    ("s3:GetObject", "{state_bucket}/{prefix}.tfstate"),
    ("ecs:RunTask", "{ecs}:task-definition/{prefix}-worker:1"),
    ("ecs:StopTask", "{ecs}:task/{prefix}/0a1b"),
    ("ecs:RegisterTaskDefinition", "{ecs}:task-definition/{prefix}-worker:1"),
    ("iam:PassRole", "{iam}:role/{prefix}-task-default"),
    ("iam:PassRole", "{iam}:role/{prefix}-host"),
    ("secretsmanager:GetSecretValue", "{secret}:{prefix}/database-url-AbCdEf"),
    ("secretsmanager:GetSecretValue", "{master_secret}"),
    ("ecr:PutImage", "{ecr}/{prefix}/airflow"),
    ("logs:GetLogEvents", WORKER_LOG),
    ("rds:DescribeDBInstances", "{rds}:db:{prefix}"),
    ("ssmmessages:OpenDataChannel", NO_BINDING),
]
# with var.ecs_exec, besides
EXEC_LOG = "{logs_group}:/{prefix}/exec:log-stream:x"
NOT_EXEC_LOG = (WORKER_LOG, "{logs_group}:/{prefix}/flow:log-stream:x")
EXEC = [
    *(
        Right(f"ssmmessages:{verb}{kind}Channel", NO_BINDING)
        for verb in ("Create", "Open")
        for kind in ("Control", "Data")
    ),
    Right("logs:DescribeLogGroups", NO_BINDING),
    Right("logs:DescribeLogStreams", EXEC_LOG, not_on=NOT_EXEC_LOG),
    Right("logs:CreateLogStream", EXEC_LOG, not_on=NOT_EXEC_LOG, not_do=("logs:DeleteLogStream",)),
    Right("logs:PutLogEvents", EXEC_LOG, not_on=NOT_EXEC_LOG, not_do=("logs:GetLogEvents",)),
]
