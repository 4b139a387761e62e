# Everything is made in one region, and carries tags that say which deployment it belongs to.
provider "aws" {
  region = var.region

  # another address than AWS's own stands for an emulated AWS, which knows no such credentials, has no
  # instance metadata, and whose errors are not worth a minute of repetitions
  skip_credentials_validation = local.emulated
  skip_metadata_api_check     = local.emulated
  skip_region_validation      = local.emulated
  s3_use_path_style           = local.emulated
  max_retries                 = local.emulated ? 2 : null

  default_tags {
    tags = merge(var.tags, { Deployment = local.prefix, ManagedBy = "terraform" })
  }

  dynamic "endpoints" {
    for_each = var.aws_endpoint_url[*]

    content {
      acm            = endpoints.value
      autoscaling    = endpoints.value
      budgets        = endpoints.value
      cloudwatch     = endpoints.value
      ec2            = endpoints.value
      ecr            = endpoints.value
      ecs            = endpoints.value
      elbv2          = endpoints.value
      events         = endpoints.value
      iam            = endpoints.value
      kms            = endpoints.value
      logs           = endpoints.value
      rds            = endpoints.value
      route53        = endpoints.value
      s3             = endpoints.value
      secretsmanager = endpoints.value
      sfn            = endpoints.value
      sns            = endpoints.value
      ssm            = endpoints.value
      sts            = endpoints.value
    }
  }
}
