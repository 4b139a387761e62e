# The roles of pipelines, which they assume with the token that GitLab gives to a job. AWS evaluates of it
# the issuer, `sub` and `aud`: that a branch is protected is for GitLab to see to. ci_plan.tf has the rights
# of the role for merge requests, ci_deploy.tf those of the one that deploys.
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
