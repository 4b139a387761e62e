# Where images are. A release is a digest in the repository `airflow`; the deploy gives what it deploys
# a tag that begins with `deployed-`, since ECR cannot know what runs. nginx lies beside it with tags
# that begin with `nginx-`: a closed network can pull it from nowhere else.

resource "aws_ecr_repository" "airflow" {
  name                 = "${local.prefix}/airflow"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.deletion_protection

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.main.arn
  }
}

# Layers between two builds. A build writes the same tag again.
resource "aws_ecr_repository" "cache" {
  #checkov:skip=CKV_AWS_51:the tags of a build cache move; nothing is started from it

  name                 = "${local.prefix}/cache"
  image_tag_mutability = "MUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.main.arn
  }
}

locals {
  # A rule never expires what a rule before it has a tag of: the last one meets what has neither tag.
  kept_images = { "deployed-" = var.deployed_images_kept, "nginx-" = 10 }
  airflow_image_rules = concat(
    [for index, prefix in keys(local.kept_images) : {
      rulePriority = index + 1
      description  = "keep the newest ${local.kept_images[prefix]} with a tag ${prefix}*"
      selection = {
        tagStatus     = "tagged"
        tagPrefixList = [prefix]
        countType     = "imageCountMoreThan"
        countNumber   = local.kept_images[prefix]
      }
      action = { type = "expire" }
    }],
    [{
      rulePriority = 10
      description  = "expire what was never deployed"
      selection = {
        tagStatus   = "any"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = 30
      }
      action = { type = "expire" }
    }],
  )
}

resource "aws_ecr_lifecycle_policy" "airflow" {
  repository = aws_ecr_repository.airflow.name
  policy     = jsonencode({ rules = local.airflow_image_rules })
}

resource "aws_ecr_lifecycle_policy" "cache" {
  repository = aws_ecr_repository.cache.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "expire what no build has written for two weeks"
      selection = {
        tagStatus   = "any"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = 14
      }
      action = { type = "expire" }
    }]
  })
}
