# Who may open a connection to whom. A connection is written once, and becomes a rule on both sides. Name lookups, the
# clock and the metadata addresses of hosts and tasks pass by security groups: AWS does not filter them.

locals {
  security_groups = {
    workers     = aws_security_group.workers.id
    hosts       = aws_security_group.hosts.id
    database    = aws_security_group.database.id
    endpoints   = aws_security_group.endpoints.id
    internal_lb = one(aws_security_group.internal_lb[*].id)
    public_lb   = one(aws_security_group.public_lb[*].id)
  }

  connections = [
    # with a load balancer too: tasks that run while it is made do not lose the Execution API
    { from = "workers", to = "hosts", port = 443, why = "Tasks call the Execution API" },
    { from = "workers", to = "endpoints", port = 443, why = "Tasks and their agent call AWS" },
    # a call to its own address does not leave a host; while one is replaced the name may be the other's
    { from = "hosts", to = "hosts", port = 443, why = "Tasks of the local lane call the Execution API" },
    { from = "hosts", to = "endpoints", port = 443, why = "Hosts call AWS" },
    { from = "hosts", to = "database", port = 5432, why = "Metadata database" },
    { from = "workers", to = "internal_lb", port = 443, why = "Tasks call the Execution API", when = local.several_hosts },
    { from = "hosts", to = "internal_lb", port = 443, why = "Tasks of the local lane call the Execution API", when = local.several_hosts },
    { from = "internal_lb", to = "hosts", port = 443, why = "Execution API and UI", when = local.several_hosts },
    { from = "public_lb", to = "hosts", port = 443, why = "UI", when = local.public_ui },
  ]
  open_connections = { for c in local.connections : "${c.from}_to_${c.to}" => c if try(c.when, true) }
}

resource "aws_vpc_security_group_egress_rule" "between" {
  for_each = local.open_connections

  security_group_id            = local.security_groups[each.value.from]
  referenced_security_group_id = local.security_groups[each.value.to]
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}

resource "aws_vpc_security_group_ingress_rule" "between" {
  for_each = local.open_connections

  security_group_id            = local.security_groups[each.value.to]
  referenced_security_group_id = local.security_groups[each.value.from]
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = { workers = aws_security_group.workers.id, hosts = aws_security_group.hosts.id }

  security_group_id = each.value
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "S3: logs, data, payloads, image layers and packages"
}

resource "aws_vpc_security_group_egress_rule" "internet" {
  for_each = { for name, id in { workers = aws_security_group.workers.id, hosts = aws_security_group.hosts.id } : name => id if var.nat_mode != "none" }

  security_group_id = each.value
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "HTTPS to the internet through NAT (nat_mode ${var.nat_mode})"
}

resource "aws_security_group" "workers" {
  #checkov:skip=CKV2_AWS_5:the executor names it in RunTask; no resource of Terraform's has it

  name        = "${local.prefix}-workers"
  description = "Fargate tasks"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.prefix}-workers" }
}

resource "aws_security_group" "hosts" {
  name        = "${local.prefix}-hosts"
  description = "Hosts of the control plane"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.prefix}-hosts" }
}

resource "aws_security_group" "database" {
  name        = "${local.prefix}-database"
  description = "Metadata database"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.prefix}-database" }
}

resource "aws_security_group" "endpoints" {
  name        = "${local.prefix}-endpoints"
  description = "Interface endpoints of AWS services"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.prefix}-endpoints" }
}

resource "aws_security_group" "internal_lb" {
  count = local.several_hosts ? 1 : 0

  name        = "${local.prefix}-internal-lb"
  description = "Load balancer of the Execution API"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.prefix}-internal-lb" }
}

resource "aws_security_group" "public_lb" {
  count = local.public_ui ? 1 : 0

  name        = "${local.prefix}-public-lb"
  description = "Load balancer of the UI"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.prefix}-public-lb" }
}
