# How private subnets reach AWS without the internet.

locals {
  # What hosts and workers call: without NAT nothing else leads there. S3 has its gateway.
  needed_endpoints = toset([
    "ecr.api", "ecr.dkr",                # images, for hosts and tasks; their layers come from S3
    "ecs",                               # the scheduler's RunTask and DescribeTasks
    "logs",                              # the logs of tasks and hosts
    "monitoring",                        # the hosts' metrics
    "rds",                               # snapshots before a migration
    "secretsmanager",                    # secrets, connections, variables
    "sts",                               # who am I
    "ssm", "ssmmessages", "ec2messages", # Session Manager, and ECS Exec
  ])
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type = "Interface"
  subnet_ids        = [for subnet in aws_subnet.private : subnet.id]
  # SDKs find the endpoint under the service's usual name
  private_dns_enabled = true
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = data.aws_iam_policy_document.endpoint[each.key].json

  tags = { Name = "${local.prefix}-${each.key}" }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  policy            = data.aws_iam_policy_document.s3_endpoint.json

  tags = { Name = "${local.prefix}-s3" }
}
