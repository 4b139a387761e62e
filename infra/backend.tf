# Where the state is. bootstrap/ makes the bucket and prints the arguments of `terraform init` that
# name it; a backend block takes no variables. The lock is an object beside the state.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
