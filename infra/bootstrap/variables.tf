variable "name" {
  description = "The name of the deployments, as in the root's variable of this name."
  type        = string
  default     = "airflow"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,15}[a-z0-9])?$", var.name))
    error_message = "name has 1 to 17 small letters, digits and inner hyphens and begins with a letter: write \"airflow\"."
  }
}

variable "region" {
  description = "The AWS region of the bucket, such as ap-northeast-2."
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
