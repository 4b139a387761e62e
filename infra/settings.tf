# What the hosts get from the deploy bucket, below host/: the settings that are no secret, and the
# files in infra/host, which a host runs itself. A deploy adds its own (host/bin, host/scripts).
#
# Neither replaces a host when it changes: a host copies the bucket when it boots and when a release
# is deployed (host/sync.sh).

locals {
  host_own_settings = {
    DEPLOY_BUCKET     = aws_s3_bucket.this["deploy"].bucket
    DEPLOY_PUBLIC_KEY = var.deploy_public_key == null ? "" : var.deploy_public_key
    DOMAIN_NAME       = var.domain_name
    HOST_SWAP_MB      = "2048"
    METRIC_NAMESPACE  = local.metric_namespace
    REGISTRY          = split("/", aws_ecr_repository.airflow.repository_url)[0]
  }
  host_settings_merged = merge(local.host_settings, local.host_own_settings)
  # systemd, Compose, Docker and a shell have to read the same from a line, and no value may end it
  host_settings_illegal = [
    for name, value in local.host_settings_merged : name
    if !can(regex("^[A-Za-z_][A-Za-z0-9_]*=[^\\n\\r\"'\\\\$`#]*$", "${name}=${value}"))
  ]
}

resource "aws_s3_object" "host_settings" {
  #checkov:skip=CKV_AWS_186:it gets the bucket's default encryption, which is the deployment's key
  bucket       = aws_s3_bucket.this["deploy"].bucket
  key          = "host/settings.env"
  content_type = "text/plain"
  # a map's keys are sorted
  content = join("", [for name, value in local.host_settings_merged : "${name}=${value}\n"])

  lifecycle {
    precondition {
      condition     = length(local.host_settings_illegal) == 0
      error_message = "A host's setting is a line NAME=value, with none of \" ' \\ $ # ` and no line end in the value. Not so: ${join(", ", local.host_settings_illegal)}."
    }
  }

  # the bucket's encryption and versions hold for what is written after them
  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_versioning.this]
}

resource "aws_s3_object" "host_system" {
  #checkov:skip=CKV_AWS_186:it gets the bucket's default encryption, which is the deployment's key
  for_each = fileset("${path.module}/host", "*.{py,service,sh,timer}")

  bucket       = aws_s3_bucket.this["deploy"].bucket
  key          = "host/system/${each.value}"
  content_type = "text/plain"
  content      = file("${path.module}/host/${each.value}")

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_versioning.this]
}
