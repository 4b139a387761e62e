# What the hosts are allowed, and with them the control plane and the tasks of the local lane. Here: to run
# tasks on Fargate. The rest is in host_policies.tf.

data "aws_iam_policy_document" "host_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "host" {
  name               = "${local.prefix}-host"
  description        = "Hosts of the control plane, and the tasks that run on them"
  assume_role_policy = data.aws_iam_policy_document.host_trust.json
}

resource "aws_iam_instance_profile" "host" {
  name = aws_iam_role.host.name
  role = aws_iam_role.host.name
}

locals {
  families         = concat([local.worker_family], var.task_definition_families)
  task_definitions = [for family in local.families : "${local.arn.ecs}:task-definition/${family}:*"]
  tasks            = ["${local.arn.ecs}:task/${aws_ecs_cluster.main.name}/*"]
}

data "aws_iam_policy_document" "host_tasks" {
  #checkov:skip=CKV_AWS_111:what has "*" is bound to no resource by AWS: each statement says so
  #checkov:skip=CKV_AWS_356:what has "*" is bound to no resource by AWS: each statement says so

  statement {
    sid       = "RunTasks"
    actions   = ["ecs:RunTask"]
    resources = local.task_definitions

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  statement {
    sid       = "WatchAndStopTasks"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = local.tasks

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  # bound to a cluster by the condition alone
  statement {
    sid       = "FindTasks"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  statement {
    sid       = "TagWhatIsStarted"
    actions   = ["ecs:TagResource"]
    resources = concat(local.tasks, local.task_definitions)

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask", "RegisterTaskDefinition"]
    }
  }

  # AWS binds these to no family
  statement {
    sid       = "TaskDefinitions"
    actions   = ["ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"]
    resources = ["*"]
  }

  # what a definition can do is bound by PassRoles
  statement {
    sid       = "RegisterTaskDefinitions"
    actions   = ["ecs:RegisterTaskDefinition"]
    resources = local.task_definitions
  }

  statement {
    sid       = "DeleteTaskDefinitions"
    actions   = ["ecs:DeleteTaskDefinitions"]
    resources = local.task_definitions
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = concat([aws_iam_role.execution.arn], [for role in aws_iam_role.task : role.arn])

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadLogsOfWorkers"
    actions   = ["logs:GetLogEvents"]
    resources = ["${aws_cloudwatch_log_group.worker.arn}:log-stream:*"]
  }
}

resource "aws_iam_role_policy" "host_tasks" {
  name   = "run-tasks"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.host_tasks.json
}
