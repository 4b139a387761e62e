# Each run sets variables of the core to what they cannot be, each validation once, and expects that just
# these are refused.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"] }
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
  region         = "ap-northeast-2"
  domain_name    = "airflow.example.com"
  gitlab_project = "group/project"
}

run "names" {
  command = plan

  variables {
    name               = "Airflow"
    region             = "ap-northeast-2a"
    aws_endpoint_url   = "127.0.0.1:4566/aws"
    tags               = { "aws:team" = "data" }
    log_retention_days = 45
    domain_name        = "https://airflow.example.com"
  }

  expect_failures = [
    var.name, var.region, var.aws_endpoint_url, var.tags, var.log_retention_days, var.domain_name,
  ]
}

# after the name, which it is measured with
run "environment" {
  command = plan

  variables {
    environment = "test_1"
  }

  expect_failures = [var.environment]
}

run "names_too_long_and_tags_of_terraform" {
  command = plan

  variables {
    name        = "airflow"
    environment = "production-eu1"
    tags        = { ManagedBy = "hand" }
  }

  expect_failures = [var.environment, var.tags]
}

run "region_with_too_few_zones" {
  command = plan

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["ap-northeast-2a", "ap-northeast-2b"] }
  }
  variables {
    zone_count = 3
  }

  expect_failures = [data.aws_availability_zones.available]
}

run "zones_of_another_region" {
  command = plan

  variables {
    zone_names = ["eu-west-1a", "eu-west-1b"]
  }

  expect_failures = [var.zone_names]
}

run "worker" {
  command = plan

  variables {
    architecture             = "arm64"
    worker_cpu               = 1000
    task_roles               = { lake-writer = { lake_write = ["raw/*"] } }
    task_definition_families = ["with-gdal:7"]
    execution_api_ca         = "ca.pem"
    image_digest             = "sha256:ABC"
    deployed_images_kept     = 1
  }

  expect_failures = [
    var.architecture, var.worker_cpu, var.task_roles, var.task_definition_families, var.execution_api_ca,
    var.image_digest, var.deployed_images_kept,
  ]
}

run "memory_that_does_not_go_with_the_cpu" {
  command = plan

  variables {
    worker_cpu    = 256
    worker_memory = 4096
  }

  expect_failures = [var.worker_memory]
}

run "name_of_a_task_role" {
  command = plan

  variables {
    task_roles = { default = {}, "Lake Writer" = {} }
  }

  expect_failures = [var.task_roles]
}

run "key_of_the_lake" {
  command = plan

  variables {
    task_roles = { default = { lake_read = ["s3://lake/raw/*"] } }
  }

  expect_failures = [var.task_roles]
}

run "policy_of_a_task_role" {
  command = plan

  variables {
    task_roles = { default = { policy_json = "s3:*" } }
  }

  expect_failures = [var.task_roles]
}

run "database" {
  command = plan

  variables {
    database_instance_class = "t4g.medium"
    database_storage_gb     = 10
    database_backup_days    = 0
    airflow_max_connections = 10
  }

  expect_failures = [
    var.database_instance_class, var.database_storage_gb, var.database_backup_days, var.airflow_max_connections,
  ]
}

run "storage_that_cannot_grow" {
  command = plan

  variables {
    database_storage_gb     = 100
    database_max_storage_gb = 100
  }

  expect_failures = [var.database_max_storage_gb]
}

run "pipelines" {
  command = plan

  variables {
    gitlab_url               = "https://gitlab.example.com/"
    gitlab_project           = "group/*"
    gitlab_deploy_branch     = "release/*"
    gitlab_audience          = "*"
    gitlab_oidc_provider_arn = "gitlab.com"
    deploy_public_key        = "ssh-rsa AAAA"
  }

  expect_failures = [
    var.gitlab_url, var.gitlab_project, var.gitlab_deploy_branch, var.gitlab_audience, var.gitlab_oidc_provider_arn,
    var.deploy_public_key,
  ]
}
