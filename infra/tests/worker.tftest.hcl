# The worker's task definition in its variants. What AWS would give is given here, so that a plan has the whole text.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

override_resource {
  target          = aws_ecr_repository.airflow
  override_during = plan
  values          = { repository_url = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/airflow-test/airflow" }
}

override_resource {
  target          = aws_iam_role.execution
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/execution" }
}

override_resource {
  target          = aws_iam_role.task
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/task" }
}

variables {
  environment    = "test"
  region         = "eu-west-1"
  domain_name    = "airflow.example.com"
  gitlab_project = "group/project"
}

run "by_default" {
  command = plan

  assert {
    condition     = aws_ecs_task_definition.worker.runtime_platform[0].cpu_architecture == "ARM64" && aws_ecs_task_definition.worker.runtime_platform[0].operating_system_family == "LINUX"
    error_message = "Workers have the architecture of the image."
  }
  assert {
    condition     = [for c in jsondecode(aws_ecs_task_definition.worker.container_definitions) : c.readonlyRootFilesystem] == [true]
    error_message = "A worker writes in its scratch space only."
  }
  assert {
    condition     = local.host_settings["ECS_EXEC"] == "false"
    error_message = "Nobody gets a shell in a task unless ecs_exec says so."
  }
}

run "x86" {
  command = plan

  variables {
    architecture       = "X86_64"
    host_instance_type = "m7i.large"
  }

  assert {
    condition     = aws_ecs_task_definition.worker.runtime_platform[0].cpu_architecture == "X86_64"
    error_message = "Workers have the architecture of the image."
  }
}

run "ecs_exec" {
  command = plan

  variables {
    ecs_exec = true
  }

  assert {
    condition     = [for c in jsondecode(aws_ecs_task_definition.worker.container_definitions) : c.readonlyRootFilesystem] == [false]
    error_message = "The agent of ECS Exec writes to the root file system."
  }
  assert {
    condition     = alltrue([for c in jsondecode(aws_ecs_task_definition.worker.container_definitions) : c.linuxParameters.initProcessEnabled])
    error_message = "The agent leaves processes that somebody has to reap."
  }
  assert {
    condition     = local.host_settings["ECS_EXEC"] == "true"
    error_message = "The executor is not told to ask for it (plugins/fargate/request.py)."
  }
  assert {
    condition = one([
      for c in aws_ecs_cluster.main.configuration[0].execute_command_configuration :
      c.logging == "OVERRIDE" && c.log_configuration[0].cloud_watch_log_group_name == aws_cloudwatch_log_group.exec.name && c.log_configuration[0].cloud_watch_encryption_enabled
    ])
    error_message = "What is typed into a task is not logged."
  }
  assert {
    condition     = aws_cloudwatch_log_group.exec.name == "/airflow-test/exec" && aws_cloudwatch_log_group.exec.retention_in_days == 365
    error_message = "What was typed is kept for a year."
  }
}
