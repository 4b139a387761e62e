# The roles of pipelines, which they assume with the token that GitLab gives to a job. AWS evaluates of it
# the issuer, `sub` and `aud`: that a branch is protected is for GitLab to see to. ci_plan.tf has the rights
# of the role for merge requests.
#
# No role here applies this root: whoever may change IAM may do anything. A person with the account's
# administrator role does, or a role that the team gives to a job by itself.

locals {
  gitlab_host     = trimprefix(var.gitlab_url, "https://")
  gitlab_audience = coalesce(var.gitlab_audience, var.gitlab_url)
  gitlab_provider = coalesce(var.gitlab_oidc_provider_arn, one(aws_iam_openid_connect_provider.gitlab[*].arn))
  gitlab_branch   = "project_path:${var.gitlab_project}:ref_type:branch:ref"
}

resource "aws_iam_openid_connect_provider" "gitlab" {
  count = var.gitlab_oidc_provider_arn == null ? 1 : 0

  url            = var.gitlab_url
  client_id_list = [local.gitlab_audience]
}

data "aws_iam_policy_document" "ci_trust" {
  for_each = {
    deploy = { test = "StringEquals", sub = "${local.gitlab_branch}:${var.gitlab_deploy_branch}" }
    # a merge request's pipeline has the branch that is to be merged
    plan = { test = "StringLike", sub = "${local.gitlab_branch}:*" }
  }

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.gitlab_provider]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.gitlab_host}:aud"
      values   = [local.gitlab_audience]
    }

    condition {
      test     = each.value.test
      variable = "${local.gitlab_host}:sub"
      values   = [each.value.sub]
    }
  }
}

resource "aws_iam_role" "ci_deploy" {
  name               = "${local.prefix}-ci-deploy"
  description        = "Pipelines of ${var.gitlab_project} on ${var.gitlab_deploy_branch}: push images, reach the hosts"
  assume_role_policy = data.aws_iam_policy_document.ci_trust["deploy"].json
}

resource "aws_iam_role" "ci_plan" {
  name               = "${local.prefix}-ci-plan"
  description        = "Pipelines of ${var.gitlab_project} on any branch: plan"
  assume_role_policy = data.aws_iam_policy_document.ci_trust["plan"].json
}

data "aws_iam_policy_document" "ci_deploy" {
  #checkov:skip=CKV_AWS_356:what has "*" is bound to no resource by AWS

  # neither is bound to a resource by AWS
  statement {
    sid       = "RegistryAndHosts"
    actions   = ["ecr:GetAuthorizationToken", "ec2:DescribeInstances"]
    resources = ["*"]
  }

  statement {
    sid = "PushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.airflow.arn, aws_ecr_repository.cache.arn]
  }

  # not host/settings.env and host/system/, which are Terraform's
  statement {
    sid       = "HandOver"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = [for folder in ["host/bin", "host/scripts", "releases"] : "${aws_s3_bucket.this["deploy"].arn}/${folder}/*"]
  }

  statement {
    sid       = "KeyOfDeployBucket"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.main.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [aws_s3_bucket.this["deploy"].arn, "${aws_s3_bucket.this["deploy"].arn}/*"]
    }
  }

  # a tunnel to the hosts' SSH port, and no more: there, a key is bound to the deploy's commands. Run Command
  # would be root.
  statement {
    sid       = "Tunnel"
    actions   = ["ssm:StartSession"]
    resources = ["arn:${local.partition}:ssm:${var.region}::document/AWS-StartSSHSession"]
  }

  statement {
    sid       = "TunnelToHosts"
    actions   = ["ssm:StartSession"]
    resources = ["${local.arn.ec2}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/Name"
      values   = [local.host_name]
    }

    # without a document, a session is a shell
    condition {
      test     = "BoolIfExists"
      variable = "ssm:SessionDocumentAccessCheck"
      values   = ["true"]
    }
  }

  # the name of a session begins with that of who began it
  statement {
    sid       = "EndTunnel"
    actions   = ["ssm:TerminateSession"]
    resources = ["${local.arn.ssm}:session/$${aws:userid}-*"]
  }
}

resource "aws_iam_role_policy" "ci_deploy" {
  name   = "deploy"
  role   = aws_iam_role.ci_deploy.id
  policy = data.aws_iam_policy_document.ci_deploy.json
}
