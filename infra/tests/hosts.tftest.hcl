# The hosts, their settings, alarms and budget: what is refused, and what the number of hosts changes.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  environment    = "test"
  region         = "eu-west-1"
  domain_name    = "airflow.example.com"
  gitlab_project = "group/project"
}

run "one_host" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.hosts.desired_capacity == 1 && aws_autoscaling_group.hosts.health_check_type == "EC2"
    error_message = "One host is judged by EC2 alone."
  }
  assert {
    condition     = aws_autoscaling_group.hosts.instance_refresh[0].preferences[0].min_healthy_percentage == 0
    error_message = "A single host has to be ended before the next one starts."
  }
  assert {
    condition     = aws_launch_template.host.image_id == "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    error_message = "A new AMI of AWS must not change the plan."
  }
  assert {
    condition     = aws_launch_template.host.metadata_options[0].http_tokens == "required" && aws_launch_template.host.metadata_options[0].http_put_response_hop_limit == 2
    error_message = "IMDSv2 only, two hops."
  }
  assert {
    condition     = tobool(aws_launch_template.host.block_device_mappings[0].ebs[0].encrypted) && tobool(aws_launch_template.host.network_interfaces[0].associate_public_ip_address) == false
    error_message = "The disk is encrypted, and no host has a public address."
  }
  assert {
    condition     = strcontains(base64decode(aws_launch_template.host.user_data), "readonly BUCKET=\"airflow-test-deploy-123456789012\"")
    error_message = "The user data name the deploy bucket."
  }
  assert {
    condition     = aws_launch_template.host.key_name == null || aws_launch_template.host.key_name == ""
    error_message = "Nobody logs in by a key pair."
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.nat_bytes) == 0 && length(aws_sns_topic_subscription.email) == 0
    error_message = "Without a NAT gateway and an address there is nothing to watch and nobody to tell."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.scheduler_heartbeat.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.scheduler_heartbeat.namespace == "airflow-test"
    error_message = "A host that says nothing is an alarm."
  }
}

# Whoever is told of an alarm is told of its end. The budget's two warnings go the same way.
run "who_is_told" {
  command = plan

  variables {
    nat_mode = "single"
  }

  override_resource {
    target          = aws_sns_topic.alarms
    override_during = plan
    values          = { arn = "arn:aws:sns:eu-west-1:123456789012:airflow-test-alarms" }
  }

  assert {
    condition = alltrue([
      for alarm in [
        aws_cloudwatch_metric_alarm.scheduler_heartbeat,
        aws_cloudwatch_metric_alarm.failed_launches,
        aws_cloudwatch_metric_alarm.execution_api_record[0],
        aws_cloudwatch_metric_alarm.database_storage,
        aws_cloudwatch_metric_alarm.database_connections,
        aws_cloudwatch_metric_alarm.nat_bytes[0],
      ] : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && alarm.ok_actions == toset([aws_sns_topic.alarms.arn])
    ])
    error_message = "An alarm or its end is told to nobody."
  }
  assert {
    condition = {
      for warning in aws_budgets_budget.monthly.notification :
      "${warning.notification_type} ${warning.threshold}" => join(",", warning.subscriber_sns_topic_arns)
    } == { "ACTUAL 80" = aws_sns_topic.alarms.arn, "FORECASTED 100" = aws_sns_topic.alarms.arn }
    error_message = "A warning of the budget is told to nobody."
  }
}

run "x86" {
  command = plan

  variables {
    architecture       = "X86_64"
    host_instance_type = "m7i.large"
  }

  assert {
    condition     = endswith(aws_launch_template.host.image_id, "al2023-ami-kernel-default-x86_64")
    error_message = "The AMI has the images' architecture."
  }
}

run "two_hosts" {
  command = plan

  variables {
    host_count      = 2
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = aws_autoscaling_group.hosts.min_size == 2 && aws_autoscaling_group.hosts.max_size == 2 && aws_autoscaling_group.hosts.health_check_type == "ELB"
    error_message = "Several hosts are judged by their load balancer."
  }
  assert {
    condition     = length(local.host_target_groups) == 2 && aws_autoscaling_group.hosts.instance_refresh[0].preferences[0].min_healthy_percentage == 50
    error_message = "They are in the target groups of UI and Execution API, and replaced one after the other."
  }
  assert {
    condition     = local.host_settings["HOSTS"] == "2"
    error_message = "Each deploy knows how many hosts share the database's connections."
  }
}

run "two_hosts_and_a_public_ui" {
  command = plan

  variables {
    host_count      = 2
    ui_access       = "public"
    ui_networks     = ["203.0.113.0/24"]
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = length(local.host_target_groups) == 3
    error_message = "The public load balancer has a group of its own."
  }
}

run "nat_and_email" {
  command = plan

  variables {
    nat_mode             = "per_az"
    nat_gb_per_day_alarm = 20
    alarm_email          = "team@example.com"
  }

  assert {
    condition     = length(local.nat_gateway_bytes) == 4 && aws_cloudwatch_metric_alarm.nat_bytes[0].threshold == 20
    error_message = "Both directions of both gateways are counted."
  }
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.nat_bytes[0].metric_query : query.expression if query.id == "gigabytes"]) == "SUM([nat_eu_west_1a_BytesInFromDestination, nat_eu_west_1a_BytesOutToDestination, nat_eu_west_1b_BytesInFromDestination, nat_eu_west_1b_BytesOutToDestination]) / 1000000000"
    error_message = "The alarm is for all gateways together, in GB."
  }
  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "team@example.com"
    error_message = "The address is subscribed."
  }
}

# --- what is refused, before anything is planned

run "illegal_values" {
  command = plan

  variables {
    host_count           = 5
    host_instance_type   = "large"
    host_disk_gb         = 8
    host_image           = "al2023"
    alarm_email          = "team"
    monthly_budget_usd   = 0
    nat_gb_per_day_alarm = 0
  }

  expect_failures = [
    var.host_count, var.host_instance_type, var.host_disk_gb, var.host_image, var.alarm_email, var.monthly_budget_usd,
    var.nat_gb_per_day_alarm,
  ]
}

# the g of g4dn stands for graphics, not for Graviton
run "intel_for_arm" {
  command         = plan
  expect_failures = [var.host_instance_type, var.host_count, var.host_disk_gb]

  variables {
    host_instance_type = "g4dn.xlarge"
    host_count         = 0
    host_disk_gb       = 50.5
  }
}

run "arm_for_x86" {
  command         = plan
  expect_failures = [var.host_instance_type]
  variables { architecture = "X86_64" }
}

run "too_small" {
  command         = plan
  expect_failures = [var.host_instance_type]
  variables { host_instance_type = "t4g.small" }
}

# Quotes would be read differently by systemd, Compose and a shell. The settings are known to the plan only
# when all that AWS gives is.
run "a_setting_with_a_quote" {
  command         = plan
  expect_failures = [aws_s3_object.host_settings]

  override_resource {
    target          = aws_ecr_repository.airflow
    override_during = plan
    values          = { repository_url = "registry'/airflow" }
  }
  override_resource {
    target          = aws_db_instance.main
    override_during = plan
    values          = { master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x" }] }
  }
  override_resource {
    target          = aws_iam_role.execution
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/execution" }
  }
  override_resource {
    target          = aws_iam_role.task
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/task" }
  }
  override_resource {
    target          = aws_security_group.workers
    override_during = plan
    values          = { id = "sg-1" }
  }
  override_resource {
    target          = aws_subnet.private
    override_during = plan
    values          = { id = "subnet-1" }
  }
}
