# How people and the CI runner reach the deployment from outside.

variable "ui_access" {
  description = "How people reach the UI: session-manager (port forwarding, nothing is open), internal (from ui_networks, by private addresses) or public (internet-facing load balancer, from ui_networks)."
  type        = string
  default     = "session-manager"
  nullable    = false

  validation {
    condition     = contains(["session-manager", "internal", "public"], var.ui_access)
    error_message = "ui_access is \"${var.ui_access}\". Write session-manager, internal or public."
  }
}

variable "ui_networks" {
  description = "Networks from which the UI may be opened. Used by ui_access internal and public."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for c in var.ui_networks : can(cidrnetmask(c)) && try(cidrsubnet(c, 0, 0) == c, false)])
    error_message = "ui_networks holds what is no IPv4 network. Write first address and length, as 10.0.0.0/16 or, for one address, 203.0.113.7/32."
  }
  validation {
    condition     = var.ui_access == "session-manager" || length(var.ui_networks) > 0
    error_message = "ui_access is ${var.ui_access}, and ui_networks is empty: nobody could open the UI. Name the networks, as [\"10.0.0.0/16\"]."
  }
  validation {
    condition     = var.ui_access != "internal" || !contains(var.ui_networks, "0.0.0.0/0")
    error_message = "ui_access is internal, and ui_networks holds 0.0.0.0/0. Name the office's or the VPN's networks, or set ui_access to public."
  }
}

variable "certificate_arn" {
  description = "Certificate of domain_name in ACM, for the load balancers. The workers have to trust it too (execution_api_ca)."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:${var.region}:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn is no certificate of ACM in ${var.region}, where the load balancers are. Write arn:aws:acm:${var.region}:ACCOUNT:certificate/ID."
  }
  validation {
    condition     = var.certificate_arn != null || var.ui_access != "public"
    error_message = "ui_access is public and needs certificate_arn. Request or import a certificate for ${var.domain_name} in ACM (${var.region}) and write its ARN."
  }
  validation {
    condition     = var.certificate_arn != null || var.host_count == 1
    error_message = "host_count is ${var.host_count}: hosts behind the internal load balancer need certificate_arn. Request or import a certificate for ${var.domain_name} in ACM (${var.region}) and write its ARN, or set host_count to 1."
  }
}

variable "ssh_from" {
  description = "Private address of the CI runner, as a network of one address, which may open SSH to the hosts. null: nobody, deploys go through Session Manager."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_from == null || (can(cidrnetmask(var.ssh_from)) && try(endswith(var.ssh_from, "/32"), false))
    error_message = "ssh_from takes one address, as 10.0.3.7/32: the CI runner's, which reaches the private subnets."
  }
}
