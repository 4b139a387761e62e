environment    = "production"
region         = "ap-northeast-2"
domain_name    = "airflow.example.com"
gitlab_project = "group/airflow"
zone_names     = ["ap-northeast-2a", "ap-northeast-2c"]

database_multi_az = true
# alarm_email     = "…"   the address that alarms go to
