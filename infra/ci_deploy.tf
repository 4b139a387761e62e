# What pipelines of the deploy branch may do: push images, hand over the files that run on the hosts, reach the
# hosts' SSH port, and look at what the smoke test ran.

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
      "ecr:DescribeImageScanFindings",
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

  # the smoke test looks which image its tasks ran; a list is bound to a cluster by the condition alone
  statement {
    sid       = "LookAtTasks"
    actions   = ["ecs:DescribeTasks"]
    resources = local.tasks
  }

  statement {
    sid       = "FindTasks"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
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
