# One key of this deployment for its logs, secrets, images, database, alarms and buckets. The lake has
# S3's own key (see storage.tf).

data "aws_iam_policy_document" "kms" {
  # a key's policy has "*" for the key that it belongs to
  #checkov:skip=CKV_AWS_109:the account's administrators manage the key; "*" is this key
  #checkov:skip=CKV_AWS_111:the account's administrators manage the key; "*" is this key
  #checkov:skip=CKV_AWS_356:"*" is the key that the policy belongs to

  statement {
    sid       = "AccountMayByIam"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  statement {
    sid       = "LogGroupsOfThisDeployment"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [
        "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:/${local.prefix}/*",
        "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:/aws/*",
      ]
    }
  }

  # who publishes to an encrypted topic uses its key
  statement {
    sid       = "AlarmsAndBudget"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_kms_key" "main" {
  description             = "${local.prefix}: logs, secrets, images, database, alarms, buckets"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy                  = data.aws_iam_policy_document.kms.json
}

resource "aws_kms_alias" "main" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.main.key_id
}
