"""The hosts: data and secrets of the control plane, and being a host."""

from tests.infra.iam.rights import Right
from tests.infra.iam.tables.tasks import IMAGES, NO_BINDING, OTHER_IMAGES

SOMEBODY = ("arn:aws:s3:::somebody-s/a", "{state_bucket}/{prefix}.tfstate")
OWN_SECRETS = (
    "{secret}:{prefix}/database-url-AbCdEf",
    "{secret}:{prefix}/connections/warehouse-AbCdEf",
    "{secret}:{prefix}/variables/threshold-AbCdEf",
    "{master_secret}",
)
OTHER_SECRETS = (
    "{secret}:other/database-url-AbCdEf",
    "{secret}:{prefix}-2/database-url-AbCdEf",
    "{secret}:rds!db-other",
    "arn:aws:secretsmanager:{region}:999999999999:secret:{prefix}/database-url-AbCdEf",
)
NOT_ROTATED = (
    *OTHER_SECRETS,
    "{master_secret}",
    *(f"{{secret}}:{{prefix}}/{key}-AbCdEf" for key in ("admin-password", "tls", "connections/warehouse")),
)
READ = {
    "{lake}/raw/a.csv": SOMEBODY,
    "{logs}/airflow/x": ("{logs}/other/x", *SOMEBODY),
    "{payloads}/a/b": SOMEBODY,
    "{deploy}/host/settings.env": ("{deploy}/other", *SOMEBODY),
    "{deploy}/releases/current.json": ("{deploy}/releasesx/current.json", *SOMEBODY),
}
NOT_WRITTEN = ("{deploy}/host/settings.env", "{deploy}/host/scripts/boot.sh", "{logs}/other/x", *SOMEBODY)
WRITTEN = ("{lake}/raw/a.csv", "{logs}/airflow/x", "{payloads}/a/b", "{deploy}/releases/current.json")
BUCKETS = ("{lake}", "{logs}", "{payloads}", "{deploy}")
KEPT = ("{deploy}/releases/current.json", "{deploy}/releases/audit/a.json", "{deploy}/host/settings.env")
OTHER_SERVICES = ("rds.{region}.amazonaws.com", "s3.us-east-1.amazonaws.com", None)


def key(action: str, service: str) -> Right:
    return Right(
        action,
        "{key}",
        {"kms:ViaService": service},
        not_do=("kms:CreateGrant", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy"),
        not_on=("arn:aws:kms:{region}:{account}:key/other",),
        not_with={"kms:ViaService": OTHER_SERVICES},
    )


DATA = [
    *(Right("s3:ListBucket", bucket, not_on=("arn:aws:s3:::somebody-s", "{state_bucket}")) for bucket in BUCKETS),
    Right("s3:ListBucket", "{lake}", not_do=("s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration")),
    *(Right("s3:GetObject", path, not_on=other) for path, other in READ.items()),
    *(Right("s3:PutObject", path, not_on=NOT_WRITTEN, not_do=("s3:PutObjectAcl",)) for path in WRITTEN),
    *(Right("s3:AbortMultipartUpload", path, not_on=NOT_WRITTEN) for path in WRITTEN),
    Right(
        "s3:DeleteObject",
        "{payloads}/a/b",
        not_on=("{lake}/raw/a.csv", "{logs}/airflow/x", *KEPT, *SOMEBODY),
        not_do=("s3:DeleteObjectVersion",),
    ),
    *(
        Right("s3:DeleteObject", f"{{deploy}}/releases/a-b/{name}", not_on=KEPT, not_do=("s3:DeleteObjectVersion",))
        for name in ("code.tar.gz", "release.json")
    ),
    *(
        key(action, f"{service}.{{region}}.amazonaws.com")
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
        for service in ("s3", "secretsmanager")
    ),
    *(
        Right(
            "secretsmanager:GetSecretValue",
            secret,
            not_on=OTHER_SECRETS,
            not_do=("secretsmanager:DeleteSecret", "secretsmanager:RotateSecret"),
        )
        for secret in OWN_SECRETS
    ),
    *(
        Right(
            "secretsmanager:PutSecretValue",
            f"{{secret}}:{{prefix}}/{key}-AbCdEf",
            not_on=NOT_ROTATED,
            not_do=("secretsmanager:DeleteSecret", "secretsmanager:UpdateSecret", "secretsmanager:PutResourcePolicy"),
        )
        for key in ("fernet-key", "jwt-secret", "database-url")
    ),
]

DATABASE, SNAPSHOT = "{rds}:db:{prefix}", "{rds}:snapshot:{prefix}-before-deploy"
OTHER_DATABASE = ("{rds}:db:other", "arn:aws:rds:{region}:999999999999:db:{prefix}")
OTHER_SNAPSHOT = ("{rds}:snapshot:other", "arn:aws:rds:{region}:999999999999:snapshot:{prefix}-before-deploy")
INSTANCE = "{ec2}:instance/i-0a1b"
CHANNELS = [f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")]
MESSAGES = ["AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"]
NAMESPACES = ("other", "AWS/EC2", "{prefix}-2", None)

BEING_A_HOST = [
    Right("ecr:GetAuthorizationToken", NO_BINDING),
    Right("ecr:BatchCheckLayerAvailability", IMAGES, not_on=OTHER_IMAGES),
    Right("ecr:GetDownloadUrlForLayer", IMAGES, not_on=OTHER_IMAGES),
    Right("ecr:BatchGetImage", IMAGES, not_on=OTHER_IMAGES),
    Right("ecr:DescribeImages", IMAGES, not_on=OTHER_IMAGES),
    # a tag for an image that is there: layers cannot be pushed
    Right(
        "ecr:PutImage",
        IMAGES,
        not_on=OTHER_IMAGES,
        not_do=("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:SetRepositoryPolicy"),
    ),
    Right("ecr:BatchDeleteImage", IMAGES, not_on=OTHER_IMAGES, not_do=("ecr:DeleteRepository",)),
    Right(
        "cloudwatch:PutMetricData",
        NO_BINDING,
        {"cloudwatch:namespace": "{prefix}"},
        not_with={"cloudwatch:namespace": NAMESPACES},
        not_do=("cloudwatch:DeleteAlarms", "cloudwatch:DisableAlarmActions"),
    ),
    Right("rds:DescribeDBInstances", DATABASE, not_on=OTHER_DATABASE),
    Right("rds:DescribeDBSnapshots", DATABASE, not_on=OTHER_DATABASE),
    Right("rds:DescribeDBSnapshots", SNAPSHOT, not_on=OTHER_SNAPSHOT, not_do=("rds:DeleteDBSnapshot",)),
    Right(
        "rds:CreateDBSnapshot", DATABASE, not_on=OTHER_DATABASE, not_do=("rds:DeleteDBInstance", "rds:RebootDBInstance")
    ),
    Right("rds:CreateDBSnapshot", SNAPSHOT, not_on=OTHER_SNAPSHOT, not_do=("rds:ModifyDBSnapshotAttribute",)),
    Right("rds:AddTagsToResource", SNAPSHOT, not_on=(DATABASE, *OTHER_SNAPSHOT)),
    Right(
        "ssm:UpdateInstanceInformation",
        INSTANCE,
        not_on=("{ssm}:managed-instance/mi-0a1b",),
        not_do=("ssm:SendCommand",),
    ),
    Right("ssm:ListInstanceAssociations", INSTANCE, not_on=("{ssm}:managed-instance/mi-0a1b",)),
    *(Right(action, NO_BINDING) for action in CHANNELS),
    *(Right(f"ec2messages:{name}", NO_BINDING) for name in MESSAGES),
]
