variable "host_count" {
  description = <<-EOT
    Number of hosts that run the control plane. One is replaced when it fails, with a pause of some
    minutes; two or more stand behind load balancers, which need certificate_arn.
  EOT
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4], var.host_count)
    error_message = "host_count is a whole number from 1 to 4, not ${var.host_count}. One is enough for most; take 2 when a pause of some minutes is too long."
  }
}

variable "host_instance_type" {
  description = "EC2 instance type of a host, of the processor that var.architecture names. Two releases at once take about 2 GB."
  type        = string
  default     = "t4g.large"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[.][a-z0-9-]+$", var.host_instance_type))
    error_message = "host_instance_type is FAMILY.SIZE such as t4g.large or m7i.large, not \"${var.host_instance_type}\"."
  }

  validation {
    # Graviton's families have a g behind the generation (t4g, m7gd, im4gn), but for the first, a1
    condition     = can(regex("^(a1|[a-z]+[0-9]+g[a-z]*)[.]", var.host_instance_type)) == (var.architecture == "ARM64")
    error_message = "host_instance_type is ${var.host_instance_type}, and architecture is ${var.architecture}: the image of a release runs on one of the two. With ARM64 take a Graviton type such as t4g.large or m7g.large, with X86_64 one such as t3.large or m7i.large."
  }

  validation {
    condition     = !can(regex("[.](nano|micro|small)$", var.host_instance_type))
    error_message = "host_instance_type ${var.host_instance_type} has 2 GB of memory or less: a deploy runs two releases at once. Take medium (4 GB) for a trial, large for production."
  }
}

variable "host_disk_gb" {
  description = "Size of a host's disk in GB: the system, the images of the releases that are still needed, and the logs of the containers."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.host_disk_gb >= 30 && var.host_disk_gb <= 1000 && floor(var.host_disk_gb) == var.host_disk_gb
    error_message = "host_disk_gb is a whole number from 30 to 1000, not ${var.host_disk_gb}: below 30 the images of a few releases fill the disk."
  }
}

variable "host_image" {
  description = <<-EOT
    The hosts' AMI: null for the newest Amazon Linux 2023 at each start of a host, or a pinned one, as an id
    (ami-0123456789abcdef0) or as a version of a parameter (resolve:ssm:NAME:VERSION). It has to be of AL2023
    and of var.architecture. How a newer one reaches running hosts stands in hosts.tf.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.host_image == null || can(regex("^(ami-[0-9a-f]{8,17}|resolve:ssm:[a-zA-Z0-9_./-]+(:[a-zA-Z0-9_.-]+)?)$", var.host_image))
    error_message = "host_image is an id such as ami-0123456789abcdef0, resolve:ssm:NAME or resolve:ssm:NAME:VERSION, or null for the newest Amazon Linux 2023."
  }
}
