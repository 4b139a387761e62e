# Tasks that never started: no capacity, no image, no address, no right. ECS says so in an event, which is
# kept and counted. AWS does it all: it works when no host does. A RunTask call that ECS refuses makes no
# event; the executor repeats it, and says so in the task's log.

resource "aws_cloudwatch_event_rule" "failed_launches" {
  name        = "${local.prefix}-failed-launches"
  description = "Tasks of ${local.prefix} that did not start"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [aws_ecs_cluster.main.arn]
      lastStatus = ["STOPPED"]
      stopCode   = ["TaskFailedToStart"]
    }
  })
}

resource "aws_cloudwatch_event_target" "failed_launches" {
  rule = aws_cloudwatch_event_rule.failed_launches.name
  arn  = aws_cloudwatch_log_group.failed_launches.arn

  depends_on = [aws_cloudwatch_log_resource_policy.failed_launches]
}

resource "aws_cloudwatch_log_group" "failed_launches" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is a variable

  # EventBridge writes only to groups whose name begins so
  name              = "/aws/events/${local.prefix}/failed-launches"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

data "aws_iam_policy_document" "failed_launches" {
  statement {
    sid       = "Stream"
    actions   = ["logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.failed_launches.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com", "events.amazonaws.com"]
    }
  }

  statement {
    sid       = "Events"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.failed_launches.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com", "events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.failed_launches.arn]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "failed_launches" {
  policy_name     = "${local.prefix}-failed-launches"
  policy_document = data.aws_iam_policy_document.failed_launches.json
}

resource "aws_cloudwatch_log_metric_filter" "failed_launches" {
  name           = "${local.prefix}-failed-launches"
  log_group_name = aws_cloudwatch_log_group.failed_launches.name
  pattern        = "" # each event that is kept

  metric_transformation {
    namespace = local.metric_namespace
    name      = "FailedLaunches"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "failed_launches" {
  alarm_name          = "${local.prefix}-failed-launches"
  alarm_description   = "Five tasks or more did not start within 5 minutes. Why stands in ${aws_cloudwatch_log_group.failed_launches.name}, stoppedReason."
  namespace           = local.metric_namespace
  metric_name         = "FailedLaunches"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  # the executor launches a task again that did not start: one or two are no reason to wake somebody
  threshold          = 5
  treat_missing_data = "notBreaching"
  alarm_actions      = local.alarm_topic
  ok_actions         = local.alarm_topic
}
