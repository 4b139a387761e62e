"""Which rights the code's calls need, and of whom: {what is called: {role: actions}}."""

Needs = dict[str, tuple[str, ...]]

HOST, TASK = "host", 'task["default"]'
KEY = "kms:Decrypt"

# methods of clients
CALLS: dict[tuple[str, str], Needs] = {
    ("ecr", "batch_delete_image"): {HOST: ("ecr:BatchDeleteImage",)},
    ("ecr", "batch_get_image"): {HOST: ("ecr:BatchGetImage",)},
    ("ecr", "put_image"): {HOST: ("ecr:PutImage",)},
    ("ecs", "delete_task_definitions"): {HOST: ("ecs:DeleteTaskDefinitions",)},
    ("ecs", "deregister_task_definition"): {HOST: ("ecs:DeregisterTaskDefinition",)},
    ("ecs", "describe_task_definition"): {HOST: ("ecs:DescribeTaskDefinition",)},
    ("ecs", "describe_tasks"): {HOST: ("ecs:DescribeTasks",)},
    ("ecs", "list_task_definitions"): {HOST: ("ecs:ListTaskDefinitions",)},
    ("ecs", "list_tasks"): {HOST: ("ecs:ListTasks",)},
    # a deploy passes the roles of the template on
    ("ecs", "register_task_definition"): {HOST: ("ecs:RegisterTaskDefinition", "iam:PassRole")},
    # the executor names tags, and a task's role
    ("ecs", "run_task"): {HOST: ("ecs:RunTask", "ecs:TagResource", "iam:PassRole")},
    ("ecs", "stop_task"): {HOST: ("ecs:StopTask",)},
    ("logs", "get_log_events"): {HOST: ("logs:GetLogEvents",)},
    ("rds", "describe_db_instances"): {HOST: ("rds:DescribeDBInstances",)},
    # the waiter describes it
    ("rds", "create_db_snapshot"): {HOST: ("rds:CreateDBSnapshot", "rds:DescribeDBSnapshots")},
    ("s3", "delete_object"): {HOST: ("s3:DeleteObject",), TASK: ("s3:DeleteObject",)},
    ("s3", "delete_objects"): {HOST: ("s3:DeleteObject",)},
    ("s3", "get_object"): {HOST: ("s3:GetObject", KEY), TASK: ("s3:GetObject", KEY)},
    ("s3", "head_object"): {HOST: ("s3:GetObject",), TASK: ("s3:GetObject",)},
    ("s3", "list_objects_v2"): {HOST: ("s3:ListBucket",), TASK: ("s3:ListBucket",)},
    ("s3", "put_object"): {
        HOST: ("s3:PutObject", "kms:GenerateDataKey"),
        TASK: ("s3:PutObject", "kms:GenerateDataKey"),
    },
    ("secretsmanager", "get_secret_value"): {HOST: ("secretsmanager:GetSecretValue", KEY)},
    # KMS makes a data key for the new version
    ("secretsmanager", "put_secret_value"): {HOST: ("secretsmanager:PutSecretValue", "kms:GenerateDataKey")},
}
# what is imported from the amazon provider
IMPORTS: dict[str, Needs] = {
    "AwsEcsExecutor": CALLS[("ecs", "run_task")],
    "AwsGenericHook": {},  # makes the clients whose methods are above
    "AwsLogsHook": {HOST: ("logs:GetLogEvents",)},
    "CONFIG_GROUP_NAME": {},
    "EcsDeregisterTaskDefinitionOperator": {HOST: ("ecs:DeregisterTaskDefinition",)},
    "EcsHook": {HOST: ("ecs:DescribeTaskDefinition",)},
    "EcsRegisterTaskDefinitionOperator": {HOST: ("ecs:RegisterTaskDefinition", "iam:PassRole")},
    # waits, looks for what an earlier try started, reads the log, and stops when the task is cleared
    "EcsRunTaskOperator": {
        HOST: ("ecs:RunTask", "ecs:DescribeTasks", "ecs:ListTasks", "ecs:StopTask", "logs:GetLogEvents")
    },
    "S3RemoteLogIO": {
        HOST: ("s3:ListBucket", "s3:GetObject", "s3:PutObject"),
        TASK: ("s3:ListBucket", "s3:GetObject", "s3:PutObject"),
    },
}
# commands of the AWS CLI
COMMANDS: dict[tuple[str, str], Needs] = {
    ("cloudwatch", "put-metric-data"): {HOST: ("cloudwatch:PutMetricData",)},
    ("ecr", "get-login-password"): {HOST: ("ecr:GetAuthorizationToken",)},
    ("s3", "cp"): {HOST: ("s3:ListBucket", "s3:GetObject", KEY)},
    ("s3", "sync"): {HOST: ("s3:ListBucket", "s3:GetObject", KEY)},
    ("s3api", "list-objects-v2"): {HOST: ("s3:ListBucket",)},
}
