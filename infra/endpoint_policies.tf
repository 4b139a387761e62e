# What the endpoints let through: the credentials of this account, to what is in this account. Roles say who may do what;
# this says that nothing leaves by somebody else's credentials or to somebody else's resources.

locals {
  here = "${var.region}:${local.account_id}"

  # own: actions on resources of this account. free: actions for which AWS knows no resource, or none of another account.
  endpoint_access = {
    "ecr.api" = {
      own       = ["ecr:*"]
      resources = ["arn:${local.partition}:ecr:${local.here}:repository/*"]
      free      = ["ecr:GetAuthorizationToken"]
    }
    "ecr.dkr" = {
      own       = ["ecr:*"]
      resources = ["arn:${local.partition}:ecr:${local.here}:repository/*"]
      free      = ["ecr:GetAuthorizationToken"]
    }
    logs = {
      own       = ["logs:*"]
      resources = ["arn:${local.partition}:logs:${local.here}:*"]
      free      = []
    }
    secretsmanager = {
      own       = ["secretsmanager:*"]
      resources = ["arn:${local.partition}:secretsmanager:${local.here}:secret:*"]
      free      = []
    }
    sts = {
      own       = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
      resources = ["arn:${local.partition}:iam::${local.account_id}:role/*"]
      free      = ["sts:GetCallerIdentity"]
    }
    rds = {
      own       = ["rds:*"]
      resources = ["arn:${local.partition}:rds:${local.here}:*"]
      free      = []
    }
    ecs         = { own = [], resources = [], free = ["ecs:*"] }
    monitoring  = { own = [], resources = [], free = ["cloudwatch:*"] }
    ssm         = { own = [], resources = [], free = ["ssm:*"] }
    ssmmessages = { own = [], resources = [], free = ["ssmmessages:*"] }
    ec2messages = { own = [], resources = [], free = ["ec2messages:*"] }
  }
  # an endpoint which a team adds: its resources are told by aws:ResourceAccount
  other_endpoint = { own = ["*"], resources = ["*"], free = [] }
}

data "aws_iam_policy_document" "endpoint" {
  for_each = { for service in var.interface_endpoints : service => lookup(local.endpoint_access, service, local.other_endpoint) }

  dynamic "statement" {
    for_each = length(each.value.own) > 0 ? [each.value] : []
    content {
      sid       = "OwnResources"
      actions   = statement.value.own
      resources = statement.value.resources
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalAccount"
        values   = [local.account_id]
      }
      # ...IfExists: a call that names no resource has no such key
      condition {
        test     = "StringEqualsIfExists"
        variable = "aws:ResourceAccount"
        values   = [local.account_id]
      }
    }
  }

  dynamic "statement" {
    for_each = length(each.value.free) > 0 ? [each.value] : []
    content {
      sid       = "OwnCredentials"
      actions   = statement.value.free
      resources = ["*"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalAccount"
        values   = [local.account_id]
      }
    }
  }
}

data "aws_iam_policy_document" "s3_endpoint" {
  statement {
    sid       = "OwnBuckets"
    actions   = ["s3:*"]
    resources = ["arn:${local.partition}:s3:::*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    # a bucket's ARN does not tell whose it is
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account_id]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account_id]
    }
  }

  # Buckets of AWS that are read without this account's credentials: layers by an address that ECR has signed, packages
  # by nobody in particular. Reading is all that is let through.
  statement {
    sid     = "LayersAndPackages"
    actions = ["s3:GetObject"]
    resources = [
      "arn:${local.partition}:s3:::prod-${var.region}-starport-layer-bucket/*",
      "arn:${local.partition}:s3:::al2023-repos-${var.region}-de612dc2/*",
    ]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
