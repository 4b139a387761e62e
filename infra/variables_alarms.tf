variable "alarm_email" {
  description = "Address that gets the alarms and the budget's warnings, or null: then subscribe something to the topic. AWS sends a mail that has to be confirmed once."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$", var.alarm_email))
    error_message = "alarm_email is one address such as team@example.com, or null for none. For several, subscribe them to the topic."
  }
}

variable "monthly_budget_usd" {
  description = "What the account may cost in a month, in US dollars. A warning is sent at 80 %, and when the forecast goes over 100 %."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.monthly_budget_usd >= 1
    error_message = "monthly_budget_usd is 1 or more, not ${var.monthly_budget_usd}: scripts/cost estimates what this deployment costs."
  }
}

variable "nat_gb_per_day_alarm" {
  description = "GB a day through all NAT gateways together that raise the alarm; without effect when nat_mode is none. A 500 MB image a minute is 720 GB a day."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.nat_gb_per_day_alarm > 0
    error_message = "nat_gb_per_day_alarm is more than 0, not ${var.nat_gb_per_day_alarm}. To have no NAT gateway at all, set nat_mode to none."
  }
}
