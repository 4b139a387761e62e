"""What AWS's own services do for the deployment: the private record and the flow log."""

from tests.infra.iam.rights import Right
from tests.infra.iam.tables.tasks import NO_BINDING, WORKER_LOG

RECORD_SET = "route53:ChangeResourceRecordSets"
UPSERT = {
    f"{RECORD_SET}NormalizedRecordNames": "airflow.example.com",
    f"{RECORD_SET}RecordTypes": "A",
    f"{RECORD_SET}Actions": "UPSERT",
}
RECORD = [
    Right("ec2:DescribeInstances", NO_BINDING, not_do=("ec2:TerminateInstances",)),
    Right(
        RECORD_SET,
        "{zone}",
        UPSERT,
        not_on=("arn:aws:route53:::hostedzone/OTHER",),
        not_with={
            f"{RECORD_SET}NormalizedRecordNames": ("other.example.com", "x.airflow.example.com"),
            f"{RECORD_SET}RecordTypes": ("CNAME", "NS"),
            f"{RECORD_SET}Actions": ("DELETE", "CREATE"),
        },
        not_do=("route53:DeleteHostedZone", "route53:AssociateVPCWithHostedZone"),
    ),
    # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    *(Right(f"logs:{verb}LogDelivery", NO_BINDING) for verb in ("Create", "Delete", "Get", "Update")),
    Right("logs:ListLogDeliveries", NO_BINDING),
    Right("logs:DescribeLogGroups", NO_BINDING),
    Right("logs:DescribeResourcePolicies", NO_BINDING),
    Right("logs:PutResourcePolicy", NO_BINDING, not_do=("logs:DeleteResourcePolicy", "logs:DeleteLogGroup")),
]
MACHINE = "arn:aws:states:{region}:{account}:stateMachine:{prefix}-execution-api-record"
EVENTS = [
    Right(
        "states:StartExecution",
        MACHINE,
        not_on=("arn:aws:states:{region}:{account}:stateMachine:other",),
        not_do=("states:UpdateStateMachine", "states:StopExecution"),
    )
]
FLOW_LOG = "{logs_group}:/{prefix}/flow:log-stream:eni-0a1b"
NOT_FLOW_LOG = (WORKER_LOG, "{logs_group}:/other/flow:log-stream:x")
FLOW_LOGS = [
    Right(f"logs:{action}", FLOW_LOG, not_on=NOT_FLOW_LOG, not_do=("logs:GetLogEvents", "logs:DeleteLogStream"))
    for action in ("CreateLogStream", "PutLogEvents", "DescribeLogGroups", "DescribeLogStreams")
]
NEVER = [
    ("iam:PassRole", "{iam}:role/{prefix}-host"),
    ("s3:GetObject", "{lake}/raw/a.csv"),
    ("secretsmanager:GetSecretValue", "{secret}:{prefix}/database-url-AbCdEf"),
    ("kms:Decrypt", "{key}"),
    ("ecs:RunTask", "{ecs}:task-definition/{prefix}-worker:1"),
    ("ec2:RunInstances", "{ec2}:instance/i-0a1b"),
    ("logs:GetLogEvents", WORKER_LOG),
]
