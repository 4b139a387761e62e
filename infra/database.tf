# Airflow's database: private, encrypted, reached by TLS only. The master's password is RDS's own secret,
# which rotates every 7 days; Airflow has a role of its own, whose secret (database-url) does not.

resource "aws_db_subnet_group" "main" {
  name        = local.prefix
  description = "Private subnets of ${local.prefix}"
  subnet_ids  = [for subnet in aws_subnet.private : subnet.id]
}

resource "aws_db_parameter_group" "main" {
  name        = "${local.prefix}-postgres17"
  family      = "postgres17"
  description = "Airflow of ${local.prefix}"

  parameter {
    name         = "rds.force_ssl"
    value        = "1"
    apply_method = "pending-reboot"
  }

  # a change holds after a reboot of the database, which is yours to choose
  parameter {
    name         = "max_connections"
    value        = tostring(var.airflow_max_connections)
    apply_method = "pending-reboot"
  }

  # Statements that take longer than 5 s. Not all of them: the one that makes Airflow's role has its password.
  parameter {
    name         = "log_min_duration_statement"
    value        = "5000"
    apply_method = "immediate"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# RDS would make them itself, to be kept for ever
resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(["postgresql", "upgrade"])

  #checkov:skip=CKV_AWS_338:how long logs are kept is a variable

  name              = "/aws/rds/instance/${local.prefix}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_db_instance" "main" {
  #checkov:skip=CKV_AWS_118:alarms watch what CloudWatch has of every database; no one reads the system's own figures
  #checkov:skip=CKV_AWS_157:a second zone is a variable, since it doubles the price
  #checkov:skip=CKV_AWS_161:Airflow logs in with its role's password; a second way in would be one more to guard
  #checkov:skip=CKV_AWS_293:a variable, on by default, so that a test can destroy what it made

  identifier     = local.prefix
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.database_instance_class
  db_name        = "airflow"

  username                      = "master"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.main.key_id

  storage_type          = "gp3"
  allocated_storage     = var.database_storage_gb
  max_allocated_storage = var.database_max_storage_gb
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.main.arn

  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  multi_az               = var.database_multi_az
  parameter_group_name   = aws_db_parameter_group.main.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  # in UTC: at night in Seoul, the backup before the maintenance
  backup_window              = "16:00-17:00"
  maintenance_window         = "sun:17:30-sun:18:30"
  backup_retention_period    = var.database_backup_days
  copy_tags_to_snapshot      = true
  auto_minor_version_upgrade = true

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.main.arn
  performance_insights_retention_period = 7
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${local.prefix}-final"
  delete_automated_backups  = !var.deletion_protection

  depends_on = [aws_cloudwatch_log_group.database]
}
