# The way out of the private subnets, where nat_mode asks for one. S3 never takes it: its route through the gateway
# endpoint is the more specific one, and free.

locals {
  # zone => NAT gateway's zone
  nat_of = { for zone in local.zones : zone => var.nat_mode == "per_az" ? zone : local.zones[0] if var.nat_mode != "none" }
}

resource "aws_eip" "nat" {
  for_each = toset(values(local.nat_of))

  domain = "vpc"

  tags = { Name = "${local.prefix}-nat-${each.key}" }
}

resource "aws_nat_gateway" "main" {
  for_each = toset(values(local.nat_of))

  subnet_id     = aws_subnet.public[each.key].id
  allocation_id = aws_eip.nat[each.key].id

  tags = { Name = "${local.prefix}-${each.key}" }

  # a NAT gateway without a route to the internet fails
  depends_on = [aws_route.public_internet]
}

resource "aws_route" "private_nat" {
  for_each = local.nat_of

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main[each.value].id
}
