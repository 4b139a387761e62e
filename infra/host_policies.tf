# What else the hosts are allowed: their data, and to be a host.

locals {
  host_reads  = ["lake/*", "logs/airflow/*", "payloads/*", "deploy/host/*", "deploy/releases/*"]
  host_writes = ["lake/*", "logs/airflow/*", "payloads/*", "deploy/releases/*"]

  # "BUCKET/KEY" as an ARN
  host_objects = { for path in local.host_reads : path => "${aws_s3_bucket.this[split("/", path)[0]].arn}/${join("/", slice(split("/", path), 1, length(split("/", path))))}" }
}

data "aws_iam_policy_document" "host_data" {
  statement {
    sid       = "FindObjects"
    actions   = ["s3:ListBucket"]
    resources = [for bucket in aws_s3_bucket.this : bucket.arn]
  }

  # the address of a report, which the api-server signs, is of no use without s3:GetObject of the lake
  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = [for path in local.host_reads : local.host_objects[path]]
  }

  statement {
    sid       = "WriteObjects"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = [for path in local.host_writes : local.host_objects[path]]
  }

  statement {
    sid       = "DeletePayloads"
    actions   = ["s3:DeleteObject"]
    resources = [local.host_objects["payloads/*"]]
  }

  # releases that nothing needs any more; what serves and the deploys' audit lines stay
  statement {
    sid       = "DeleteReleases"
    actions   = ["s3:DeleteObject"]
    resources = [for name in ["code.tar.gz", "release.json"] : "${local.host_objects["deploy/releases/*"]}/${name}"]
  }

  statement {
    sid       = "KeyOfBucketsAndSecrets"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.main.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "secretsmanager"] : "${service}.${var.region}.amazonaws.com"]
    }
  }

  # connections and variables of Airflow, which are made by hand, are among them; and the database's master,
  # with which the first deploy makes Airflow's own role
  statement {
    sid       = "ReadSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["${local.arn.secretsmanager}:secret:${local.prefix}/*", aws_db_instance.main.master_user_secret[0].secret_arn]
  }

  # those that scripts/rotate.sh replaces; a host that reads them all learns nothing by writing them
  statement {
    sid       = "RotateSecrets"
    actions   = ["secretsmanager:PutSecretValue"]
    resources = [for key in ["fernet-key", "jwt-secret", "database-url"] : "${local.arn.secretsmanager}:secret:${local.prefix}/${key}-*"]
  }
}

resource "aws_iam_role_policy" "host_data" {
  name   = "data"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.host_data.json
}

data "aws_iam_policy_document" "host" {
  #checkov:skip=CKV_AWS_111:what has "*" is bound to no resource by AWS: each statement says so
  #checkov:skip=CKV_AWS_356:what has "*" is bound to no resource by AWS: each statement says so

  # not bound to a repository by AWS
  statement {
    sid       = "Registry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  # to put an image that is there means to give it a tag, such as deployed-…; it cannot push layers. An image is
  # deleted with the rest of its release
  statement {
    sid = "PullTagAndDeleteImages"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchDeleteImage",
      "ecr:BatchGetImage",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:PutImage",
    ]
    resources = [aws_ecr_repository.airflow.arn]
  }

  # bound to a namespace by the condition alone
  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.metric_namespace]
    }
  }

  # before a change of the database's schema
  statement {
    sid       = "Snapshots"
    actions   = ["rds:CreateDBSnapshot", "rds:DescribeDBSnapshots"]
    resources = [aws_db_instance.main.arn, "${local.arn.rds}:snapshot:${local.prefix}-*"]
  }

  statement {
    sid       = "TagSnapshots"
    actions   = ["rds:AddTagsToResource"]
    resources = ["${local.arn.rds}:snapshot:${local.prefix}-*"]
  }

  statement {
    sid       = "Database"
    actions   = ["rds:DescribeDBInstances"]
    resources = [aws_db_instance.main.arn]
  }

  # Session Manager and Run Command; of AmazonSSMManagedInstanceCore no parameters, patches and inventory
  statement {
    sid       = "Managed"
    actions   = ["ssm:ListInstanceAssociations", "ssm:UpdateInstanceInformation"]
    resources = ["${local.arn.ec2}:instance/*"]
  }

  # the channels of the agent, which AWS binds to no resource
  statement {
    sid = "Channels"
    actions = [
      "ec2messages:AcknowledgeMessage",
      "ec2messages:DeleteMessage",
      "ec2messages:FailMessage",
      "ec2messages:GetEndpoint",
      "ec2messages:GetMessages",
      "ec2messages:SendReply",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "host" {
  name   = "be-a-host"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.host.json
}
