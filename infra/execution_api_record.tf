# One host: domain_name is its address. When the Auto Scaling group has launched or ended a host, and every minute, a
# state machine looks up the running host and writes the record: AWS does it all, and needs no host for it. The events
# are sent "on a best effort basis"; a worker repeats its calls for longer than the minute.

locals {
  one_host = local.several_hosts ? 0 : 1
}

resource "aws_sfn_state_machine" "execution_api_record" {
  #checkov:skip=CKV_AWS_284:two calls that AWS makes by itself; the log tells which of them failed
  count = local.one_host

  name     = "${local.prefix}-execution-api-record"
  role_arn = aws_iam_role.execution_api_record[0].arn
  # EXPRESS: 44,000 runs a month for some cents
  type       = "EXPRESS"
  definition = jsonencode(local.execution_api_record)

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.execution_api_record[0].arn}:*"
  }

  depends_on = [aws_iam_role_policy.execution_api_record]
}

locals {
  execution_api_record_retry = [{ ErrorEquals = ["States.ALL"], IntervalSeconds = 2, MaxAttempts = 4, BackoffRate = 2 }]

  # Auto Scaling launches each host by a reservation of its own
  found_address = "$.Reservations[0].Instances[0].PrivateIpAddress"

  # The parameters are those of the API in the spelling of Step Functions: TTL is Ttl.
  execution_api_record = {
    Comment = "Points ${var.domain_name} to the running host of ${aws_autoscaling_group.hosts.name}"
    StartAt = "FindHost"
    States = {
      FindHost = {
        Type     = "Task"
        Resource = "arn:${local.partition}:states:::aws-sdk:ec2:describeInstances"
        Parameters = {
          Filters = [
            { Name = "tag:aws:autoscaling:groupName", Values = [aws_autoscaling_group.hosts.name] },
            { Name = "instance-state-name", Values = ["running"] },
          ]
        }
        Retry = local.execution_api_record_retry
        Next  = "IsThereOne"
      }
      IsThereOne = {
        Type    = "Choice"
        Choices = [{ Variable = local.found_address, IsPresent = true, Next = "WriteRecord" }]
        Default = "NoHost"
      }
      # the launch of the next one is an event too
      NoHost = { Type = "Succeed" }
      WriteRecord = {
        Type     = "Task"
        Resource = "arn:${local.partition}:states:::aws-sdk:route53:changeResourceRecordSets"
        Parameters = {
          HostedZoneId = aws_route53_zone.private.zone_id
          ChangeBatch = {
            Changes = [{
              Action = "UPSERT"
              ResourceRecordSet = {
                Name            = var.domain_name
                Type            = "A"
                Ttl             = 10
                ResourceRecords = [{ "Value.$" = local.found_address }]
              }
            }]
          }
        }
        Retry = local.execution_api_record_retry
        End   = true
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "execution_api_record" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is a variable
  count = local.one_host

  # the prefix keeps the group out of the account's resource policy for logs, whose length is limited
  name              = "/aws/vendedlogs/states/${local.prefix}-execution-api-record"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_cloudwatch_event_rule" "hosts_changed" {
  count = local.one_host

  name        = "${local.prefix}-hosts-changed"
  description = "A host was launched or ended"
  event_pattern = jsonencode({
    source      = ["aws.autoscaling"]
    detail-type = ["EC2 Instance Launch Successful", "EC2 Instance Terminate Successful"]
    detail      = { AutoScalingGroupName = [aws_autoscaling_group.hosts.name] }
  })
}

resource "aws_cloudwatch_event_rule" "every_minute" {
  count = local.one_host

  name                = "${local.prefix}-execution-api-record"
  description         = "In case an event was lost"
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "execution_api_record" {
  for_each = {
    for cause, rule in { hosts_changed = aws_cloudwatch_event_rule.hosts_changed, every_minute = aws_cloudwatch_event_rule.every_minute } :
    cause => rule[0].name if local.one_host == 1
  }

  rule     = each.value
  arn      = aws_sfn_state_machine.execution_api_record[0].arn
  role_arn = aws_iam_role.execution_api_events[0].arn
}
