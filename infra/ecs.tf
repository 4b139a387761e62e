# The cluster that runs tasks, where they log, and the template of the worker's task definition.

resource "aws_cloudwatch_log_group" "worker" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is a variable; what is needed longer belongs in the lake

  name              = "/${local.prefix}/worker"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# what was typed into a running container, and what it answered
resource "aws_cloudwatch_log_group" "exec" {
  name              = "/${local.prefix}/exec"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_ecs_cluster" "main" {
  #checkov:skip=CKV_AWS_224:sessions are encrypted by TLS; with a key of KMS on top the agent would need an endpoint for it

  name = local.prefix

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  configuration {
    execute_command_configuration {
      logging = "OVERRIDE"

      log_configuration {
        cloud_watch_encryption_enabled = true
        cloud_watch_log_group_name     = aws_cloudwatch_log_group.exec.name
      }
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "main" {
  cluster_name       = aws_ecs_cluster.main.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}

locals {
  worker_family      = "${local.prefix}-worker"
  fargate_task_roles = join(",", [for name, role in aws_iam_role.task : "${name}=${role.arn}"])
  logs_folder        = "s3://${local.buckets.logs}/airflow"

  worker_values = merge(local.airflow_env, {
    family                   = "${local.worker_family}-template"
    cpu                      = var.worker_cpu
    memory                   = var.worker_memory
    architecture             = var.architecture
    image                    = "${aws_ecr_repository.airflow.repository_url}@${var.image_digest}"
    execution_role_arn       = aws_iam_role.execution.arn
    task_role_arn            = aws_iam_role.task["default"].arn
    execution_api_server_url = local.execution_api_url
    remote_base_log_folder   = local.logs_folder
    region                   = var.region
    lake_bucket              = local.buckets.lake
    log_group                = aws_cloudwatch_log_group.worker.name
    execution_api_ca         = var.execution_api_ca
    FARGATE_TASK_ROLES       = local.fargate_task_roles
  })

  # a value is put between the quotes of a JSON text, so it is escaped as one
  worker = jsondecode(templatefile("${path.module}/worker-task-definition.json", {
    for name, value in local.worker_values : name => trimsuffix(trimprefix(jsonencode(tostring(value)), "\""), "\"")
  }))

  # The agent of ECS Exec writes to the root file system. It also leaves processes that somebody has to reap,
  # which the template's initProcessEnabled does:
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
  for_exec = { readonlyRootFilesystem = false }
}

# Registered under a family of its own: a deploy takes the newest of it, puts its image's digest in, and
# registers that as `local.worker_family`. So no deploy is a change for Terraform.
resource "aws_ecs_task_definition" "worker" {
  #checkov:skip=CKV_AWS_336:read-only unless var.ecs_exec, whose agent writes to the root file system
  #checkov:skip=CKV_AWS_249:the roles differ: aws_iam_role.execution and aws_iam_role.task
  #checkov:skip=CKV_AWS_97:the volume is a task's own scratch space, not EFS

  family                   = local.worker.family
  requires_compatibilities = local.worker.requiresCompatibilities
  network_mode             = local.worker.networkMode
  cpu                      = local.worker.cpu
  memory                   = local.worker.memory
  execution_role_arn       = local.worker.executionRoleArn
  task_role_arn            = local.worker.taskRoleArn

  container_definitions = jsonencode([
    for container in local.worker.containerDefinitions : merge(container, { for key, value in local.for_exec : key => value if var.ecs_exec })
  ])

  runtime_platform {
    cpu_architecture        = local.worker.runtimePlatform.cpuArchitecture
    operating_system_family = local.worker.runtimePlatform.operatingSystemFamily
  }

  dynamic "volume" {
    for_each = local.worker.volumes

    content {
      name = volume.value.name
    }
  }
}
