# What the whole deployment has in common. The other variables are beside what they are for.

variable "name" {
  description = "What is deployed. With the environment, the beginning of every name in the account."
  type        = string
  default     = "airflow"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", var.name))
    error_message = "name begins with a small letter and has small letters, digits and inner hyphens: write \"airflow\"."
  }
}

variable "environment" {
  description = "Which of the deployments this is, such as production or staging."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", var.environment))
    error_message = "environment begins with a small letter and has small letters, digits and inner hyphens: write \"production\"."
  }

  validation {
    condition     = length("${var.name}-${var.environment}") <= 20
    error_message = "name and environment have at most 19 characters together, since a load balancer's name has at most 32: shorten one of them."
  }
}

variable "region" {
  description = "The AWS region, such as ap-northeast-2."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is the code of an AWS region: write \"ap-northeast-2\", without a zone's letter."
  }
}

variable "aws_endpoint_url" {
  description = "The address of an emulated AWS, for tests; null is AWS itself."
  type        = string
  default     = null

  validation {
    condition     = var.aws_endpoint_url == null || can(regex("^https?://[^/]+$", var.aws_endpoint_url))
    error_message = "aws_endpoint_url is an address without a path, such as \"http://127.0.0.1:4566\", or null for AWS itself."
  }
}

variable "tags" {
  description = "Further tags of everything that can have tags."
  type        = map(string)
  default     = {}

  validation {
    condition     = !anytrue([for key in keys(var.tags) : startswith(lower(key), "aws:")])
    error_message = "tags has a key that begins with \"aws:\", which AWS keeps for itself: choose another key."
  }

  validation {
    condition     = !anytrue([for key in ["Deployment", "ManagedBy"] : contains(keys(var.tags), key)])
    error_message = "tags has Deployment or ManagedBy, which this root sets: choose other keys."
  }
}

variable "deletion_protection" {
  description = "Keep database, buckets and images from being destroyed. Set to false and applied before a destroy."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "For how many days logs are kept, in CloudWatch and in the bucket of task logs."
  type        = number
  default     = 90

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days
    )
    error_message = "log_retention_days is one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "domain_name" {
  description = "The one name by which people and workers reach the deployment, such as airflow.example.com."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain_name))
    error_message = "domain_name is a name in small letters without scheme, port and path: write \"airflow.example.com\"."
  }
}

variable "zone_names" {
  description = "The availability zones by name; null is the first zone_count that AWS lists. Named, they stay the same when AWS adds a zone, and can be those that have a type of host."
  type        = list(string)
  default     = null

  validation {
    condition = var.zone_names == null ? true : (
      length(distinct(var.zone_names)) == var.zone_count && alltrue([for zone in var.zone_names : startswith(zone, var.region)])
    )
    error_message = "zone_names has zone_count (${var.zone_count}) different zones of ${var.region}: write [\"${var.region}a\", \"${var.region}c\"], or null."
  }
}
