# What the account may cost in a month.

resource "aws_budgets_budget" "monthly" {
  # of the whole account: a budget of tagged resources stays at 0, without a word, until somebody makes
  # the tag a cost allocation tag
  name         = "${local.prefix}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_unit   = "USD"
  limit_amount = tostring(var.monthly_budget_usd)

  notification {
    notification_type         = "ACTUAL"
    comparison_operator       = "GREATER_THAN"
    threshold_type            = "PERCENTAGE"
    threshold                 = 80
    subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
  }

  notification {
    notification_type         = "FORECASTED"
    comparison_operator       = "GREATER_THAN"
    threshold_type            = "PERCENTAGE"
    threshold                 = 100
    subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
  }

  # a budget checks that it may publish when it is made
  depends_on = [aws_sns_topic_policy.alarms]
}
