# What the endpoints let through, from the real provider: it renders policies without a call.

provider "aws" {
  region                      = "ap-northeast-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  environment         = "test"
  region              = "ap-northeast-2"
  domain_name         = "airflow.example.com"
  gitlab_project      = "group/project"
  interface_endpoints = ["ecr.api", "ecr.dkr", "ecs", "logs", "monitoring", "rds", "secretsmanager", "ssm", "ssmmessages", "ec2messages", "sts", "kms"]
}

run "endpoint_policies" {
  command = plan

  plan_options {
    target = [data.aws_iam_policy_document.endpoint, data.aws_iam_policy_document.s3_endpoint]
  }

  assert {
    condition = alltrue(flatten([
      for service, policy in data.aws_iam_policy_document.endpoint : [
        for s in jsondecode(policy.json).Statement : s.Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"
      ]
    ]))
    error_message = "an interface endpoint admits the credentials of another account"
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.endpoint["ecr.dkr"].json).Statement[0].Resource == "arn:aws:ecr:ap-northeast-2:123456789012:repository/*" && [
      for s in jsondecode(data.aws_iam_policy_document.endpoint["ecr.api"].json).Statement : s.Action if s.Resource == "*"
    ] == ["ecr:GetAuthorizationToken"]
    error_message = "ECR's endpoints admit another account's registry, or no login"
  }
  assert {
    condition = alltrue([
      for s in jsondecode(data.aws_iam_policy_document.endpoint["kms"].json).Statement : s.Condition.StringEqualsIfExists["aws:ResourceAccount"] == "123456789012"
    ])
    error_message = "an endpoint that a team added admits other accounts' resources"
  }
  assert {
    condition = [
      for s in jsondecode(data.aws_iam_policy_document.s3_endpoint.json).Statement : s.Condition.StringEquals if try(s.Condition, null) != null
    ] == [{ "aws:PrincipalAccount" = "123456789012", "aws:ResourceAccount" = "123456789012" }]
    error_message = "the S3 endpoint admits other accounts' buckets"
  }
  assert {
    condition = [
      for s in jsondecode(data.aws_iam_policy_document.s3_endpoint.json).Statement :
      s.Action == "s3:GetObject" && toset(s.Resource) == toset([
        "arn:aws:s3:::al2023-repos-ap-northeast-2-de612dc2/*",
        "arn:aws:s3:::prod-ap-northeast-2-starport-layer-bucket/*",
      ])
      if try(s.Condition, null) == null
    ] == [true]
    error_message = "of AWS's buckets, layers and packages are read, and no other"
  }
}
