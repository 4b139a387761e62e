output "bucket" {
  description = "The bucket of the state."
  value       = aws_s3_bucket.state.bucket
}

output "init" {
  description = "What to run in the folder above, for each environment. The role for merge requests may read a state of this name."
  value       = "terraform init -reconfigure -backend-config=bucket=${aws_s3_bucket.state.bucket} -backend-config=region=${var.region} -backend-config=key=${var.name}-ENVIRONMENT.tfstate"
}
