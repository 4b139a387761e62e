# Airflow's database.

variable "database_instance_class" {
  description = "The size of the database."
  type        = string
  default     = "db.t4g.medium"

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database_instance_class))
    error_message = "database_instance_class is a class of RDS: write \"db.t4g.medium\", with \"db.\" in front."
  }
}

variable "database_storage_gb" {
  description = "GiB of storage to begin with."
  type        = number
  default     = 20

  validation {
    condition     = var.database_storage_gb >= 20 && var.database_storage_gb <= 65536 && floor(var.database_storage_gb) == var.database_storage_gb
    error_message = "database_storage_gb is a whole number from 20 to 65536."
  }
}

variable "database_max_storage_gb" {
  description = "GiB up to which RDS enlarges the storage by itself."
  type        = number
  default     = 200

  validation {
    condition     = var.database_max_storage_gb >= var.database_storage_gb * 1.1 && var.database_max_storage_gb <= 65536
    error_message = "database_max_storage_gb is at least a tenth more than database_storage_gb and at most 65536: RDS takes no less."
  }
}

variable "database_backup_days" {
  description = "For how many days RDS can restore the database to any second."
  type        = number
  default     = 14

  validation {
    condition     = var.database_backup_days >= 1 && var.database_backup_days <= 35 && floor(var.database_backup_days) == var.database_backup_days
    error_message = "database_backup_days is a whole number from 1 to 35; without backups there is nothing to restore."
  }
}

variable "database_multi_az" {
  description = "Keep a second database in another zone, which takes over within a minute or two. It doubles the price."
  type        = bool
  default     = false
}

variable "airflow_max_connections" {
  description = "How many connections the database takes. A connection costs the database about 10 MiB; what Airflow's processes hold of them is their number times [database] sql_alchemy_pool_size and max_overflow."
  type        = number
  default     = 200

  validation {
    condition     = var.airflow_max_connections >= 50 && var.airflow_max_connections <= 5000 && floor(var.airflow_max_connections) == var.airflow_max_connections
    error_message = "airflow_max_connections is a whole number from 50 to 5000: two colours of a deploy need 50 even when little runs."
  }
}
