# The worker, and what tasks may be.

variable "architecture" {
  description = "The processor of workers and hosts, which the image must be built for: ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture is ARM64 or X86_64."
  }
}

variable "worker_cpu" {
  description = "CPU units of a task that names no size; 1024 are a vCPU."
  type        = number
  default     = 256

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.worker_cpu)
    error_message = "worker_cpu is one of Fargate's: 256, 512, 1024, 2048, 4096, 8192 or 16384."
  }
}

variable "worker_memory" {
  description = "MiB of a task that names no size."
  type        = number
  default     = 512

  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
  validation {
    condition = contains(lookup({
      "256"   = [512, 1024, 2048]
      "512"   = range(1024, 4097, 1024)
      "1024"  = range(2048, 8193, 1024)
      "2048"  = range(4096, 16385, 1024)
      "4096"  = range(8192, 30721, 1024)
      "8192"  = range(16384, 61441, 4096)
      "16384" = range(32768, 122881, 8192)
    }, tostring(var.worker_cpu), [var.worker_memory]), var.worker_memory)
    error_message = "worker_memory does not go with worker_cpu. Legal, as CPU: MiB, are 256: 512, 1024, 2048; 512: 1024 to 4096; 1024: 2048 to 8192; 2048: 4096 to 16384; 4096: 8192 to 30720 (steps of 1024); 8192: 16384 to 61440 (steps of 4096); 16384: 32768 to 122880 (steps of 8192)."
  }
}

variable "task_roles" {
  description = "The roles that a task may have, by the name that a DAG uses in fargate(role=…); \"default\" is that of tasks which name none. lake_read and lake_write are keys of the lake, with * for any characters; policy_json is what a role may do besides, as JSON of an IAM policy."
  type = map(object({
    lake_read   = optional(list(string), [])
    lake_write  = optional(list(string), [])
    policy_json = optional(string)
  }))
  default = { default = { lake_read = ["*"], lake_write = ["*"] } }

  validation {
    condition     = contains(keys(var.task_roles), "default")
    error_message = "task_roles has no role \"default\", which is that of tasks that name none: add default = {}, even if it may do nothing."
  }

  validation {
    condition     = alltrue([for name in keys(var.task_roles) : can(regex("^[a-z][a-z0-9-]{0,30}$", name))])
    error_message = "task_roles has a name that is not 1 to 31 small letters, digits and hyphens: write \"lake-writer\"."
  }

  validation {
    condition     = alltrue([for role in values(var.task_roles) : !anytrue([for key in concat(role.lake_read, role.lake_write) : startswith(key, "/") || startswith(key, "s3://") || key == ""])])
    error_message = "task_roles has a key of the lake that is empty or begins with \"/\" or \"s3://\": write what comes after the bucket's name, such as \"raw/*\"."
  }

  validation {
    condition     = alltrue([for role in values(var.task_roles) : role.policy_json == null || can(jsondecode(role.policy_json).Statement)])
    error_message = "task_roles has a policy_json that is no JSON of an IAM policy: write jsonencode({Version = \"2012-10-17\", Statement = […]}), or leave it out."
  }
}

variable "task_definition_families" {
  description = "Families of task definitions, besides the worker's, that DAGs may register, run and delete."
  type        = list(string)
  default     = ["ecs_run_task"]

  validation {
    condition     = alltrue([for family in var.task_definition_families : can(regex("^[A-Za-z0-9_-]{1,255}$", family))])
    error_message = "task_definition_families has a name that is not 1 to 255 letters, digits, hyphens and underscores, without a revision: write \"with-gdal\"."
  }
}

variable "ecs_exec" {
  description = "Let `aws ecs execute-command` into running tasks. Their root file system is writable then. What is typed is logged. Holds for tasks that are started after the next deploy."
  type        = bool
  default     = false
}

variable "execution_api_ca" {
  description = "The certificate of a private authority that workers trust besides the public ones, as PEM; \"\" for none. Needed when the certificate of domain_name is not from a public authority."
  type        = string
  default     = ""

  validation {
    condition     = var.execution_api_ca == "" || can(regex("^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n?", var.execution_api_ca))
    error_message = "execution_api_ca is no PEM certificate: write file(\"ca.pem\"), whose text begins with -----BEGIN CERTIFICATE-----, or \"\"."
  }
}

variable "image_digest" {
  description = "The digest of the image in the template of the task definition. A deploy puts its own in; nothing starts this one."
  type        = string
  default     = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "image_digest is \"sha256:\" and 64 hexadecimal digits in small letters."
  }
}

variable "deployed_images_kept" {
  description = "How many deployed images stay in the registry. A run that began before a deploy ends on the image it began with."
  type        = number
  default     = 200

  validation {
    condition     = var.deployed_images_kept >= 10 && var.deployed_images_kept == floor(var.deployed_images_kept)
    error_message = "deployed_images_kept is a whole number from 10: with fewer, an unfinished run may lose its image."
  }
}
