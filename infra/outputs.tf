# What scripts, pipelines and tests need to know of the deployment. `terraform output -json`.

output "cluster" {
  description = "The ECS cluster: name and ARN."
  value       = { name = aws_ecs_cluster.main.name, arn = aws_ecs_cluster.main.arn }
}

output "private_subnets" {
  description = "The subnets of workers, hosts and database, by zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "worker_security_group" {
  description = "The security group of workers."
  value       = aws_security_group.workers.id
}

output "worker_template_family" {
  description = "The family of the template of the worker's task definition, which Terraform registers and a deploy copies."
  value       = aws_ecs_task_definition.worker.family
}

output "worker_family" {
  description = "The family in which a deploy registers the worker's task definition of its image."
  value       = local.worker_family
}

output "worker_log_group" {
  description = "The log group of workers."
  value       = aws_cloudwatch_log_group.worker.name
}

output "buckets" {
  description = "Names of the buckets: logs, lake, payloads, deploy."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.bucket }
}

output "repository_urls" {
  description = "The repositories of images: airflow (a digest of it is a release) and cache (of builds)."
  value       = { airflow = aws_ecr_repository.airflow.repository_url, cache = aws_ecr_repository.cache.repository_url }
}

output "execution_api_url" {
  description = "Where workers reach the Execution API."
  value       = local.execution_api_url
}

output "ui_url" {
  description = "Where people reach Airflow, in the way that ui_access says."
  value       = "https://${var.domain_name}/"
}

output "public_dns_target" {
  description = "Where the public DNS has to point domain_name, as an alias or CNAME; null unless ui_access is public."
  value       = one(aws_lb.public[*].dns_name)
}

output "roles" {
  description = "ARNs of the roles: execution, host, ci_deploy, ci_plan."
  value = {
    execution = aws_iam_role.execution.arn
    host      = aws_iam_role.host.arn
    ci_deploy = aws_iam_role.ci_deploy.arn
    ci_plan   = aws_iam_role.ci_plan.arn
  }
}

output "task_roles" {
  description = "ARNs of the roles that a task may have, by the name that a DAG uses."
  value       = { for name, role in aws_iam_role.task : name => role.arn }
}

output "database" {
  description = "The database: identifier, host, port, name, and the ARN of the secret of its master."
  value = {
    identifier    = aws_db_instance.main.identifier
    host          = aws_db_instance.main.address
    port          = aws_db_instance.main.port
    name          = aws_db_instance.main.db_name
    master_secret = aws_db_instance.main.master_user_secret[0].secret_arn
  }
}

output "hosts" {
  description = "The hosts' Auto Scaling group, and the tag Name by which they are found."
  value       = { group = aws_autoscaling_group.hosts.name, name = local.host_name }
}

output "secrets" {
  description = "ARNs of the secrets by their names without the prefix. tls has no value until it is put by hand."
  value       = { for key, secret in aws_secretsmanager_secret.this : key => secret.arn }
}

output "kms_key" {
  description = "The ARN of the deployment's key."
  value       = aws_kms_key.main.arn
}

output "host_settings" {
  description = "The settings of the hosts besides docker/airflow.env, by their names in the environment; no secrets."
  value       = local.host_settings
}
