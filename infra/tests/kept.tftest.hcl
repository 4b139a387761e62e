# What is kept, and for how long: deletion_protection, log_retention_days.

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

variables {
  environment    = "test"
  region         = "eu-west-1"
  domain_name    = "airflow.example.com"
  gitlab_project = "group/project"
}

run "protected_by_default" {
  command = plan

  assert {
    condition     = aws_db_instance.main.deletion_protection
    error_message = "Without a word the database cannot be deleted."
  }
  assert {
    condition     = !aws_db_instance.main.skip_final_snapshot && aws_db_instance.main.final_snapshot_identifier == "airflow-test-final" && !aws_db_instance.main.delete_automated_backups
    error_message = "A database that is deleted nevertheless leaves a snapshot and its backups."
  }
  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["deploy", "lake", "logs", "payloads"]) && !anytrue([for bucket in aws_s3_bucket.this : bucket.force_destroy]) && !aws_ecr_repository.airflow.force_delete
    error_message = "Buckets and images are not deleted with what is in them."
  }
  assert {
    condition     = aws_kms_key.main.deletion_window_in_days == 30 && alltrue([for secret in aws_secretsmanager_secret.this : secret.recovery_window_in_days == 30])
    error_message = "The key and the secrets come back for 30 days."
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["logs"].rule : rule.expiration[0].days if rule.id == "expire"] == [90]
    error_message = "Logs of tasks are kept for 90 days."
  }
}

run "not_protected" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = !aws_db_instance.main.deletion_protection && aws_db_instance.main.skip_final_snapshot && aws_db_instance.main.delete_automated_backups
    error_message = "A destroy leaves a database or its backups."
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : bucket.force_destroy]) && aws_ecr_repository.airflow.force_delete
    error_message = "A destroy stops at what is in a bucket or a repository."
  }
  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.recovery_window_in_days == 0])
    error_message = "A secret that waits for its end keeps its name."
  }
}

run "logs_for_two_weeks" {
  command = plan

  variables {
    log_retention_days = 14
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["logs"].rule : rule.expiration[0].days if rule.id == "expire"] == [14]
    error_message = "Logs of tasks in S3 end with log_retention_days."
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["payloads"].rule : rule.expiration[0].days if rule.id == "expire"] == [1]
    error_message = "A payload holds a token, and ends in a day."
  }
  assert {
    condition     = alltrue([for key in ["lake", "deploy"] : !contains([for rule in aws_s3_bucket_lifecycle_configuration.this[key].rule : rule.id], "expire")])
    error_message = "Data and releases do not end by themselves."
  }
  assert {
    condition     = aws_cloudwatch_log_group.worker.retention_in_days == 14 && alltrue([for group in aws_cloudwatch_log_group.database : group.retention_in_days == 14])
    error_message = "Logs in CloudWatch end with log_retention_days."
  }
}
