# Names and values that more than one file uses.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:which zones of them are used, var.zone_names says

  state = "available"

  # not the local zones of a city, which have neither Fargate nor RDS
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.names) >= var.zone_count
      error_message = "zone_count is ${var.zone_count}, and ${var.region} has ${length(self.names)} availability zones for this account: write zone_count = ${length(self.names)}, or another region."
    }
  }
}

locals {
  prefix     = "${var.name}-${var.environment}"
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  zones      = coalesce(var.zone_names, slice(data.aws_availability_zones.available.names, 0, var.zone_count))
  emulated   = var.aws_endpoint_url != null

  # the account is in the name, since names of buckets are those of all accounts
  buckets      = { for key in ["logs", "lake", "payloads", "deploy"] : key => "${local.prefix}-${key}-${local.account_id}" }
  state_bucket = "${var.name}-terraform-state-${local.account_id}"

  # the tag Name of the hosts, by which policies know them, and the namespace of the metrics they put
  host_name        = "${local.prefix}-host"
  metric_namespace = local.prefix

  execution_api_url = "https://${var.domain_name}/execution/"

  # Who may use the Execution API: the VPC, and docker's networks on a host (host/setup.sh), from which local tasks come.
  docker_networks    = "172.16.0.0/12"
  execution_networks = [var.vpc_cidr, local.docker_networks]
  # whose X-Forwarded-For nginx believes: the subnets of those load balancers that there are
  trusted_proxies = concat(
    local.several_hosts ? local.private_subnet_cidrs : [],
    local.public_ui ? local.public_subnet_cidrs : [],
  )

  # docker/airflow.env as {NAME: value}, with a NAME=value to a line
  airflow_env = {
    for pair in [
      for line in split("\n", file("${path.module}/../docker/airflow.env")) :
      regex("^([A-Za-z_][A-Za-z0-9_]*)=(.*)$", trimspace(line)) if can(regex("^[A-Za-z_][A-Za-z0-9_]*=", trimspace(line)))
    ] : pair[0] => pair[1]
  }

  # how ARNs of this account and region begin, of which policies name what is made elsewhere
  arn = { for service in ["ec2", "ecs", "rds", "secretsmanager", "ssm"] : service => "arn:${local.partition}:${service}:${var.region}:${local.account_id}" }
}

# What the hosts have to be told besides docker/airflow.env; no secrets. settings.tf writes it into a file of
# NAME=value lines, so no value may have quotes: Airflow's settings that are JSON are for Compose to write,
# such as the arguments of the secrets backend, which are made of SECRETS_PREFIX.
locals {
  host_settings = {
    AIRFLOW__API__BASE_URL                     = "https://${var.domain_name}"
    AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER         = aws_ecs_cluster.main.name
    AIRFLOW__AWS_ECS_EXECUTOR__REGION_NAME     = var.region
    AIRFLOW__AWS_ECS_EXECUTOR__SECURITY_GROUPS = aws_security_group.workers.id
    AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS         = join(",", [for zone in local.zones : aws_subnet.private[zone].id])
    AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION = local.worker_family
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL    = local.execution_api_url
    AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER   = local.logs_folder
    AWS_DEFAULT_REGION                         = var.region
    FARGATE_TASK_ROLES                         = local.fargate_task_roles
    LAKE_BUCKET                                = aws_s3_bucket.this["lake"].bucket
    PAYLOAD_BUCKET                             = aws_s3_bucket.this["payloads"].bucket
    AIRFLOW__SECRETS__BACKEND                  = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    AIRFLOW__API__SECRET_KEY_SECRET            = "api-secret"
    AIRFLOW__API_AUTH__JWT_SECRET_SECRET       = "jwt-secret"
    AIRFLOW__CORE__FERNET_KEY_SECRET           = "fernet-key"
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_SECRET = "database-url"
    # libpq's, so that every client of the database has it
    PGSSLMODE = "require"
    # for the scripts of a deploy
    DATABASE_MASTER_SECRET = aws_db_instance.main.master_user_secret[0].secret_arn
    ECS_EXEC               = tostring(var.ecs_exec)
    EXECUTION_NETWORKS     = join(",", local.execution_networks)
    HOSTS                  = tostring(var.host_count)
    IMAGE_REPOSITORY       = aws_ecr_repository.airflow.repository_url
    SECRETS_PREFIX         = local.prefix
    TRUSTED_PROXIES        = join(",", local.trusted_proxies)
    WORKER_TEMPLATE        = aws_ecs_task_definition.worker.family
  }
}
