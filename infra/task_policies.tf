# What the code of a task may do, for each of var.task_roles.

locals {
  lake_keys = { for name, role in var.task_roles : name => {
    read  = [for key in setunion(role.lake_read, role.lake_write) : "${aws_s3_bucket.this["lake"].arn}/${key}"]
    write = [for key in role.lake_write : "${aws_s3_bucket.this["lake"].arn}/${key}"]
  } }
  # which buckets a task may have decrypted, as S3 tells KMS: by bucket where a bucket has its own data key
  task_key_contexts = flatten([for key in ["payloads", "logs"] : [aws_s3_bucket.this[key].arn, "${aws_s3_bucket.this[key].arn}/*"]])
}

data "aws_iam_policy_document" "task" {
  for_each = var.task_roles

  #checkov:skip=CKV_AWS_108:each statement names its buckets; ssmmessages is bound to no resource by AWS
  #checkov:skip=CKV_AWS_111:each statement names its buckets; ssmmessages is bound to no resource by AWS
  #checkov:skip=CKV_AWS_356:ssmmessages and logs:DescribeLogGroups are bound to no resource by AWS

  source_policy_documents = each.value.policy_json[*]

  # its own payload, whose key nobody can guess: a task must not find those of others, which hold tokens
  statement {
    sid       = "Payload"
    actions   = ["s3:GetObject", "s3:DeleteObject"]
    resources = ["${aws_s3_bucket.this["payloads"].arn}/*"]
  }

  statement {
    sid       = "Log"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.this["logs"].arn}/airflow/*"]
  }

  # Airflow looks whether there is a log to add to, and uploads none when the answer is "forbidden": that
  # is what S3 says of an absent object to who may not list. A condition on the prefix would not hold here.
  statement {
    sid       = "FindLog"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.this["logs"].arn]
  }

  statement {
    sid       = "KeyOfBuckets"
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
      values   = local.task_key_contexts
    }
  }

  dynamic "statement" {
    for_each = length(local.lake_keys[each.key].read) > 0 ? [1] : []

    content {
      sid       = "LakeRead"
      actions   = ["s3:GetObject"]
      resources = local.lake_keys[each.key].read
    }
  }

  # names of keys are no secret, and without them an absent object looks like a forbidden one
  dynamic "statement" {
    for_each = length(local.lake_keys[each.key].read) > 0 ? [1] : []

    content {
      sid       = "LakeFind"
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.this["lake"].arn]
    }
  }

  dynamic "statement" {
    for_each = length(local.lake_keys[each.key].write) > 0 ? [1] : []

    content {
      sid       = "LakeWrite"
      actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
      resources = local.lake_keys[each.key].write
    }
  }

  dynamic "statement" {
    for_each = var.ecs_exec ? [1] : []

    content {
      sid = "Exec"
      actions = [
        "logs:DescribeLogGroups",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.ecs_exec ? [1] : []

    content {
      sid       = "ExecAudit"
      actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      resources = ["${aws_cloudwatch_log_group.exec.arn}:*"]
    }
  }
}
