# To try a change of the infrastructure or of a release before it reaches production. Nothing here is worth
# keeping, so it can be destroyed.
environment         = "staging"
region              = "ap-northeast-2"
domain_name         = "airflow-staging.example.com"
gitlab_project      = "group/airflow"
deletion_protection = false

log_retention_days   = 14
database_backup_days = 1
worker_cpu           = 256
worker_memory        = 512

# in the account of production, whose root makes it:
# gitlab_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
