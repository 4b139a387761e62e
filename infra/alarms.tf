# What tells somebody. All goes to one topic; who listens there is alarm_email, or whom you subscribe.
#
# Who puts the figures: the scheduler's heartbeat, each host (host/heartbeat.py); failed launches, AWS:
# ECS's own events, counted where they are kept; all others, AWS.

locals {
  alarm_topic = [aws_sns_topic.alarms.arn]
  # by their ids in an expression: a small letter first, then letters, digits and _
  nat_gateway_bytes = {
    for pair in setproduct(keys(aws_nat_gateway.main), ["BytesInFromDestination", "BytesOutToDestination"]) :
    replace("nat_${pair[0]}_${pair[1]}", "-", "_") => { zone = pair[0], metric = pair[1] }
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${local.prefix}-alarms"
  kms_master_key_id = aws_kms_key.main.arn
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "Publish"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    # not for alarms of another account that name this topic
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "scheduler_heartbeat" {
  alarm_name          = "${local.prefix}-scheduler-heartbeat"
  alarm_description   = "For 5 minutes no scheduler's heartbeat was younger than 60 s, or no host said so: no task is started. Also before the first deploy. See the host: systemctl status airflow-deployed."
  namespace           = local.metric_namespace
  metric_name         = "SchedulerHeartbeatAge"
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 60
  treat_missing_data  = "breaching"
  alarm_actions       = local.alarm_topic
  ok_actions          = local.alarm_topic
}

resource "aws_cloudwatch_metric_alarm" "execution_api_record" {
  count = local.one_host

  alarm_name          = "${local.prefix}-execution-api-record"
  alarm_description   = "For 3 minutes the record of ${var.domain_name} could not be written: a host that was replaced is not found. Its log: /aws/vendedlogs/states/${local.prefix}-execution-api-record."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsFailed"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.execution_api_record[0].arn }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_topic
  ok_actions          = local.alarm_topic
}

resource "aws_cloudwatch_metric_alarm" "database_storage" {
  alarm_name          = "${local.prefix}-database-storage"
  alarm_description   = "Less than a tenth of the database's first disk is free. RDS makes the disk larger by itself, up to database_max_storage_gb: raise that, or see whether airflow db clean runs."
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = var.database_storage_gb * pow(1024, 3) / 10
  treat_missing_data  = "missing"
  alarm_actions       = local.alarm_topic
  ok_actions          = local.alarm_topic
}

resource "aws_cloudwatch_metric_alarm" "database_connections" {
  alarm_name          = "${local.prefix}-database-connections"
  alarm_description   = "More than 80 % of airflow_max_connections (${var.airflow_max_connections}) are taken: the next deploy, which runs two releases at once, may get none."
  namespace           = "AWS/RDS"
  metric_name         = "DatabaseConnections"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = floor(var.airflow_max_connections * 0.8)
  treat_missing_data  = "missing"
  alarm_actions       = local.alarm_topic
  ok_actions          = local.alarm_topic
}

# An image pulled through a NAT gateway for every task is the costliest mistake of such a deployment:
# 500 MB a minute are 5 TB a week, $227 of NAT alone.
resource "aws_cloudwatch_metric_alarm" "nat_bytes" {
  count = var.nat_mode == "none" ? 0 : 1

  alarm_name          = "${local.prefix}-nat-bytes"
  alarm_description   = "More than ${var.nat_gb_per_day_alarm} GB went through NAT gateways within a day; each costs. Is there an endpoint for ecr.api, ecr.dkr, logs and S3? The flow logs show who talks to whom."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.nat_gb_per_day_alarm
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_topic
  ok_actions          = local.alarm_topic

  metric_query {
    id          = "gigabytes"
    label       = "GB through NAT a day"
    expression  = "SUM([${join(", ", sort(keys(local.nat_gateway_bytes)))}]) / 1000000000"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.nat_gateway_bytes

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/NATGateway"
        metric_name = metric_query.value.metric
        dimensions  = { NatGatewayId = aws_nat_gateway.main[metric_query.value.zone].id }
        stat        = "Sum"
        period      = 86400
      }
    }
  }
}
