# The network: addresses, zones, NAT, endpoints. Who comes in from outside is in variables_access.tf.

variable "vpc_cidr" {
  description = "Addresses of the VPC. The subnets are cut from it, so a change replaces everything."
  type        = string
  default     = "10.40.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(cidrsubnet(var.vpc_cidr, 0, 0) == var.vpc_cidr, false)
    error_message = "vpc_cidr is \"${var.vpc_cidr}\", which is no IPv4 network. Write its first address and its length, as 10.40.0.0/16."
  }
  validation {
    condition     = try(contains(range(16, 26), tonumber(split("/", var.vpc_cidr)[1])), true)
    error_message = "vpc_cidr is ${var.vpc_cidr}. Write a length from 16, which is the largest that AWS takes, to 25, which still has room for the subnets."
  }
  validation {
    # 172.16.0.0/12 is private as well, but Docker takes its networks from it, and would hide part of the VPC from the hosts
    condition = try(anytrue([
      for net in ["10.0.0.0/8", "100.64.0.0/10", "192.168.0.0/16"] :
      cidrsubnet("${split("/", var.vpc_cidr)[0]}/${split("/", net)[1]}", 0, 0) == net
    ]), true)
    error_message = "vpc_cidr is ${var.vpc_cidr}. Take a part of 10.0.0.0/8, 100.64.0.0/10 or 192.168.0.0/16: others are public, or used by Docker on the hosts (172.16.0.0/12)."
  }
}

variable "zone_count" {
  description = "Availability zones that are used. Each interface endpoint is paid for in each of them."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "zone_count is ${var.zone_count}. Write 2 or 3: the database and the load balancers need two zones, and the VPC is divided for three."
  }
}

variable "private_subnet_cidrs" {
  description = "Addresses of the private subnets (tasks, hosts, database, endpoints), one for each zone. null: quarters of vpc_cidr."
  type        = list(string)
  default     = null

  validation {
    condition     = (var.private_subnet_cidrs == null) == (var.public_subnet_cidrs == null)
    error_message = "Give private_subnet_cidrs and public_subnet_cidrs, or neither of them."
  }
  validation {
    condition     = try(length(var.private_subnet_cidrs) == var.zone_count, true)
    error_message = "private_subnet_cidrs needs ${var.zone_count} networks, one for each zone (zone_count)."
  }
  validation {
    condition = try(alltrue([
      for c in var.private_subnet_cidrs :
      can(cidrnetmask(c)) && try(cidrsubnet(c, 0, 0) == c && tonumber(split("/", c)[1]) <= 27, false)
    ]), true)
    error_message = "private_subnet_cidrs holds what is no IPv4 network of /27 or larger (a load balancer needs that). Write first address and length, as 10.40.0.0/18."
  }
  validation {
    condition = try(alltrue([
      for c in var.private_subnet_cidrs : try(
        tonumber(split("/", c)[1]) >= tonumber(split("/", var.vpc_cidr)[1]) &&
      cidrsubnet("${split("/", c)[0]}/${split("/", var.vpc_cidr)[1]}", 0, 0) == var.vpc_cidr, true)
    ]), true)
    error_message = "private_subnet_cidrs (${try(join(", ", var.private_subnet_cidrs), "")}) must lie within vpc_cidr, ${var.vpc_cidr}."
  }
  validation {
    # of two networks that overlap, one holds the first address of the other: each must hold one such address, its own
    condition = try(alltrue([
      for a in concat(var.private_subnet_cidrs, var.public_subnet_cidrs) : 1 == length([
        for b in concat(var.private_subnet_cidrs, var.public_subnet_cidrs) : b
        if cidrsubnet("${split("/", b)[0]}/${split("/", a)[1]}", 0, 0) == a
      ])
    ]), true)
    error_message = "Subnets overlap: private ${try(join(", ", var.private_subnet_cidrs), "")}; public ${try(join(", ", var.public_subnet_cidrs), "")}. Give each address once."
  }
}

variable "public_subnet_cidrs" {
  description = "Addresses of the public subnets (NAT gateways, public load balancer), one for each zone. null: parts of the last quarter of vpc_cidr."
  type        = list(string)
  default     = null

  validation {
    condition     = try(length(var.public_subnet_cidrs) == var.zone_count, true)
    error_message = "public_subnet_cidrs needs ${var.zone_count} networks, one for each zone (zone_count)."
  }
  validation {
    condition = try(alltrue([
      for c in var.public_subnet_cidrs :
      can(cidrnetmask(c)) && try(cidrsubnet(c, 0, 0) == c && tonumber(split("/", c)[1]) <= 27, false)
    ]), true)
    error_message = "public_subnet_cidrs holds what is no IPv4 network of /27 or larger (a load balancer needs that). Write first address and length, as 10.40.192.0/20."
  }
  validation {
    condition = try(alltrue([
      for c in var.public_subnet_cidrs : try(
        tonumber(split("/", c)[1]) >= tonumber(split("/", var.vpc_cidr)[1]) &&
      cidrsubnet("${split("/", c)[0]}/${split("/", var.vpc_cidr)[1]}", 0, 0) == var.vpc_cidr, true)
    ]), true)
    error_message = "public_subnet_cidrs (${try(join(", ", var.public_subnet_cidrs), "")}) must lie within vpc_cidr, ${var.vpc_cidr}."
  }
  validation {
    condition     = var.public_subnet_cidrs != null || try(tonumber(split("/", var.vpc_cidr)[1]) <= 23, true)
    error_message = "vpc_cidr (${var.vpc_cidr}) is too small to be divided by itself. Take /23 or larger, or give private_subnet_cidrs and public_subnet_cidrs."
  }
}

variable "task_parallelism" {
  description = "Fargate tasks that may run at once. Each has an address in a private subnet."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.task_parallelism >= 1 && floor(var.task_parallelism) == var.task_parallelism
    error_message = "task_parallelism is ${var.task_parallelism}. Write a whole number from 1."
  }
  validation {
    condition     = var.task_parallelism <= local.task_capacity
    error_message = "task_parallelism is ${var.task_parallelism}, and the private subnets (${join(", ", local.private_subnet_cidrs)}) have addresses for ${local.task_capacity} tasks. Take a larger vpc_cidr or private_subnet_cidrs, or write less here and in docker/airflow.env (FARGATE_LANE_PARALLELISM)."
  }
  validation {
    condition     = var.task_parallelism >= tonumber(local.airflow_env["FARGATE_LANE_PARALLELISM"])
    error_message = "task_parallelism is ${var.task_parallelism}, and docker/airflow.env starts up to ${local.airflow_env["FARGATE_LANE_PARALLELISM"]} tasks (FARGATE_LANE_PARALLELISM). Write at least that number here, or lower it there."
  }
}

variable "nat_mode" {
  description = "How private subnets reach the internet: none (closed), single (one NAT gateway, in the first zone) or per_az (one in each zone)."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "single", "per_az"], var.nat_mode)
    error_message = "nat_mode is \"${var.nat_mode}\". Write none, single or per_az."
  }
}

variable "interface_endpoints" {
  description = "AWS services with an interface endpoint, by the end of the endpoint's name (com.amazonaws.REGION.NAME). S3 is always reachable, by a gateway."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sts", "ecs", "rds", "ssm", "ssmmessages", "ec2messages"]
  nullable    = false

  validation {
    condition     = alltrue([for s in var.interface_endpoints : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)*$", s)) && !startswith(s, "com.amazonaws.") && s != "s3"])
    error_message = "interface_endpoints takes names as ecr.api or logs: without com.amazonaws.REGION in front, and without s3, which has its gateway."
  }
  validation {
    condition     = var.nat_mode != "none" || length(setsubtract(local.needed_endpoints, var.interface_endpoints)) == 0
    error_message = "nat_mode is none, and interface_endpoints lacks ${join(", ", setsubtract(local.needed_endpoints, var.interface_endpoints))}: nothing could reach that. Add it, or set nat_mode to single or per_az."
  }
}
