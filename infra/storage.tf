# Four buckets: logs of tasks, the data lake, workloads' payloads, and what a deploy hands to the hosts.

locals {
  # Pipelines tell by an object's ETag whether its bytes changed. It is the MD5 only of objects that have
  # S3's own key: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
  keys_of_s3 = ["lake"]

  # A log is written once, and a payload must be gone when it is deleted: it holds a token.
  versioned = { lake = 30, deploy = 90 } # days that an older version is kept
  expiring  = { payloads = 1, logs = var.log_retention_days }
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  #checkov:skip=CKV_AWS_18:who reads objects is in CloudTrail's data events, which are the account's to turn on
  #checkov:skip=CKV_AWS_19:all are encrypted, by a key that depends on the bucket: see below
  #checkov:skip=CKV_AWS_21:lake and deploy are versioned; a log is written once and a payload must be gone when deleted
  #checkov:skip=CKV_AWS_144:the deployment is in one region, and so is what it can lose
  #checkov:skip=CKV_AWS_145:all but the lake have the deployment's key; the lake needs ETags that are MD5
  #checkov:skip=CKV2_AWS_62:nothing waits for an event of these buckets

  bucket        = each.value
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    # one data key for many objects: a call of KMS for each would cost more than the objects
    bucket_key_enabled = !contains(local.keys_of_s3, each.key)

    apply_server_side_encryption_by_default {
      sse_algorithm     = contains(local.keys_of_s3, each.key) ? "AES256" : "aws:kms"
      kms_master_key_id = contains(local.keys_of_s3, each.key) ? null : aws_kms_key.main.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.versioned

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket     = each.value.id
  depends_on = [aws_s3_bucket_versioning.this]

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  dynamic "rule" {
    for_each = { for key, days in local.expiring : key => days if key == each.key }

    content {
      id     = "expire"
      status = "Enabled"
      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  dynamic "rule" {
    for_each = { for key, days in local.versioned : key => days if key == each.key }

    content {
      id     = "older-versions"
      status = "Enabled"
      filter {}

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  for_each = aws_s3_bucket.this

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket     = each.value.id
  policy     = data.aws_iam_policy_document.tls_only[each.key].json
  depends_on = [aws_s3_bucket_public_access_block.this] # S3 refuses two such calls of one bucket at once
}
