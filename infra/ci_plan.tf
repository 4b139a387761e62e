# What pipelines of merge requests may read: what `terraform plan -refresh=false -lock=false` does. It compares
# the change with the state of the last apply. A refresh would ask Secrets Manager for the value of each
# secret, though it keeps none, and any branch's pipeline could then have them.

locals {
  state_arn = "arn:${local.partition}:s3:::${local.state_bucket}"
}

data "aws_iam_policy_document" "ci_plan" {
  #checkov:skip=CKV_AWS_356:the zones of a region are bound to no resource by AWS

  statement {
    sid       = "Zones"
    actions   = ["ec2:DescribeAvailabilityZones"]
    resources = ["*"]
  }

  # it holds no secret
  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = ["${local.state_arn}/${local.prefix}.tfstate"]
  }

  statement {
    sid       = "FindState"
    actions   = ["s3:ListBucket"]
    resources = [local.state_arn]
  }
}

resource "aws_iam_role_policy" "ci_plan" {
  name   = "plan"
  role   = aws_iam_role.ci_plan.id
  policy = data.aws_iam_policy_document.ci_plan.json
}
