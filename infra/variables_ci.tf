# The GitLab project whose pipelines may assume the roles of ci_roles.tf.

variable "gitlab_url" {
  description = "The address of GitLab, which issues the pipelines' tokens."
  type        = string
  default     = "https://gitlab.com"

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", var.gitlab_url))
    error_message = "gitlab_url is an https address without a path and a final slash: write \"https://gitlab.com\"."
  }
}

variable "gitlab_project" {
  description = "The project's path with its groups, such as group/project."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$", var.gitlab_project))
    error_message = "gitlab_project is the path of a project with its groups, without wildcards and the address of GitLab: write \"group/project\"."
  }
}

variable "gitlab_deploy_branch" {
  description = "The one branch whose pipelines may deploy. Protect it in GitLab: whoever can push to it can deploy."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9_./-]+$", var.gitlab_deploy_branch))
    error_message = "gitlab_deploy_branch is the name of one branch without wildcards: write \"main\"."
  }
}

variable "gitlab_audience" {
  description = "The aud of the pipelines' tokens, as `id_tokens` of .gitlab-ci.yml says; null is gitlab_url."
  type        = string
  default     = null

  validation {
    condition     = var.gitlab_audience == null || can(regex("^[^\\s*]+$", var.gitlab_audience))
    error_message = "gitlab_audience is the text of `aud` in .gitlab-ci.yml, without blanks and wildcards, or null for gitlab_url."
  }
}

variable "deploy_public_key" {
  description = "The public half of the key with which pipelines reach the hosts by SSH (DEPLOY_SSH_KEY), as ssh-keygen writes it; null for none. It may run infra/host/gate.sh and nothing else. A host takes it at its first boot."
  type        = string
  default     = null

  validation {
    condition     = var.deploy_public_key == null || can(regex("^ssh-ed25519 [A-Za-z0-9+/=]{68}( [A-Za-z0-9@._-]+)?$", var.deploy_public_key))
    error_message = "deploy_public_key is the line of a .pub file that `ssh-keygen -t ed25519` wrote: write \"ssh-ed25519 AAAAC3Nza… deploy\", or null."
  }
}

variable "gitlab_oidc_provider_arn" {
  description = "The account's identity provider for gitlab_url if there is one, since an account can have only one; null makes it. A second deployment in an account names that of the first."
  type        = string
  default     = null

  validation {
    condition     = var.gitlab_oidc_provider_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/.+$", var.gitlab_oidc_provider_arn))
    error_message = "gitlab_oidc_provider_arn is an ARN such as \"arn:aws:iam::123456789012:oidc-provider/gitlab.com\", or null to make the provider."
  }
}
