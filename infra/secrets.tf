# Secrets of the control plane. Values are made here once and are in no state, plan or file: uuid() is known
# to an apply alone, and secret_string_wo goes to Secrets Manager and nowhere else. (Not by an ephemeral
# resource: a mocked provider cannot have one, and `terraform test` would be without mocks.)
#
# A secret that is changed by hand stays changed: Terraform writes again only when secret_string_wo_version
# changes, and it is fixed. The label `terraform` keeps the first version from being forgotten by Secrets
# Manager, upon which Terraform would write a new one.
#
# Airflow's connections and variables are PREFIX/connections/ID and PREFIX/variables/KEY. They are made by
# hand, and read by the control plane, which hands them to workers.

locals {
  generated = toset([
    "fernet-key", "jwt-secret", "api-secret", "database-url",
    "admin-password", # of the user admin, for people
    "rest-password",  # of the user for callers of the REST API
  ])

  # The certificate of domain_name. It has no value until somebody gives it one: what stands in for a
  # certificate would be found out by browsers and workers only.
  secrets = merge({ for key in local.generated : key => "made by Terraform, once" }, {
    "tls" = "put by hand: JSON with certificate (PEM with its chain) and key (PEM) of ${var.domain_name}"
  })

  # two random UUIDs have 244 random bits; hexadecimal digits need no quoting anywhere
  passwords = { for key in local.generated : key => sha256("${uuid()}${uuid()}") }

  # The role airflow with this password is made by the first deploy, which is in the VPC and reads the
  # master's secret; Terraform cannot reach the database. TLS is forced by the database, and PGSSLMODE in
  # the hosts' settings asks for it.
  secret_values = merge(local.passwords, {
    # 32 bytes in the alphabet for addresses
    "fernet-key"   = replace(replace(base64sha256(local.passwords["fernet-key"]), "+", "-"), "/", "_")
    "database-url" = "postgresql+psycopg2://airflow:${local.passwords["database-url"]}@${aws_db_instance.main.endpoint}/${aws_db_instance.main.db_name}"
  })
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.secrets

  #checkov:skip=CKV2_AWS_57:Airflow reads these when it starts: they change with a deploy, not by a timer

  name                    = "${local.prefix}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each = local.generated

  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = local.secret_values[each.key]
  secret_string_wo_version = 1
  version_stages           = ["AWSCURRENT", "terraform"]

  lifecycle {
    # AWSCURRENT belongs to whoever changed the secret last
    ignore_changes = [version_stages]
  }
}
