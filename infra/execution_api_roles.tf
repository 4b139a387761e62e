# What the state machine of execution_api_record.tf, and what starts it, may do.

resource "aws_iam_role" "execution_api_record" {
  count = local.one_host

  name               = "${local.prefix}-execution-api-record"
  description        = "Writes the private record of ${var.domain_name}"
  assume_role_policy = data.aws_iam_policy_document.service_trust["states"].json
}

resource "aws_iam_role_policy" "execution_api_record" {
  count = local.one_host

  name   = "write-record"
  role   = aws_iam_role.execution_api_record[0].id
  policy = data.aws_iam_policy_document.execution_api_record.json
}

data "aws_iam_policy_document" "execution_api_record" {
  #checkov:skip=CKV_AWS_356:AWS takes no resource for these calls but *
  #checkov:skip=CKV_AWS_111:AWS takes no resource for these calls but *
  statement {
    sid       = "FindHost"
    actions   = ["ec2:DescribeInstances"]
    resources = ["*"]
  }
  statement {
    sid       = "WriteRecord"
    actions   = ["route53:ChangeResourceRecordSets"]
    resources = [aws_route53_zone.private.arn]
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
      values   = [lower(var.domain_name)]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsRecordTypes"
      values   = ["A"]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsActions"
      values   = ["UPSERT"]
    }
  }
  # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  statement {
    sid = "Log"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "execution_api_events" {
  count = local.one_host

  name               = "${local.prefix}-execution-api-events"
  description        = "Starts the state machine that writes the private record"
  assume_role_policy = data.aws_iam_policy_document.service_trust["events"].json
}

resource "aws_iam_role_policy" "execution_api_events" {
  count = local.one_host

  name   = "start"
  role   = aws_iam_role.execution_api_events[0].id
  policy = data.aws_iam_policy_document.execution_api_events[0].json
}

data "aws_iam_policy_document" "execution_api_events" {
  count = local.one_host

  statement {
    actions   = ["states:StartExecution"]
    resources = [aws_sfn_state_machine.execution_api_record[0].arn]
  }
}

data "aws_iam_policy_document" "service_trust" {
  for_each = toset(["states", "events"])

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}
