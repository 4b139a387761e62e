# The bucket of the state: what is refused, and what it is otherwise.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

run "illegal_values" {
  command = plan

  module {
    source = "./bootstrap"
  }
  variables {
    name             = "Airflow"
    region           = "ap-northeast-2a"
    aws_endpoint_url = "127.0.0.1:4566/aws"
  }
  expect_failures = [var.name, var.region, var.aws_endpoint_url]
}

# the root would refuse it with an environment of two letters: both have 20 characters together
run "name_too_long" {
  command = plan

  module {
    source = "./bootstrap"
  }
  variables {
    name   = "airflow-of-the-team"
    region = "ap-northeast-2"
  }
  expect_failures = [var.name]
}

run "longest_name" {
  command = plan

  module {
    source = "./bootstrap"
  }
  variables {
    name   = "airflow-of-a-team"
    region = "ap-northeast-2"
  }
  assert {
    condition     = output.bucket == "airflow-of-a-team-terraform-state-123456789012"
    error_message = "The bucket has another name than the one that the root and the pipelines make."
  }
  assert {
    condition     = strcontains(output.init, "-backend-config=key=airflow-of-a-team-ENVIRONMENT.tfstate")
    error_message = "The state of an environment has another key than the role for plans may read."
  }
}
