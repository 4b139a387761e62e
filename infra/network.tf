# The VPC, its subnets, and the routes which every mode has. NAT is in nat.tf, the endpoints in endpoints.tf.

locals {
  # Three quarters for private subnets, the last one for public ones. The layout has room for three zones, and follows
  # neither zone_count nor task_parallelism: a subnet whose addresses change is replaced, with all that is in it.
  private_subnet_cidrs = var.private_subnet_cidrs != null ? var.private_subnet_cidrs : [for i in range(var.zone_count) : cidrsubnet(var.vpc_cidr, 2, i)]
  public_subnet_cidrs  = var.public_subnet_cidrs != null ? var.public_subnet_cidrs : [for i in range(var.zone_count) : cidrsubnet(var.vpc_cidr, 4, 12 + i)]

  # What a private subnet needs besides tasks: 5 addresses of AWS, one for each endpoint, 20 for load balancers (8 each
  # while they grow), hosts and databases.
  other_addresses = 25 + length(var.interface_endpoints)
  # Fargate spreads tasks over the zones, so the smallest subnet is full first. A task that has ended keeps its address
  # for up to a minute, which is what the fifth is for.
  smallest_subnet = pow(2, 32 - max([for c in local.private_subnet_cidrs : tonumber(split("/", c)[1])]...))
  task_capacity   = max(0, floor(var.zone_count * (local.smallest_subnet - local.other_addresses) * 0.8))
}

resource "aws_vpc" "main" {
  cidr_block = var.vpc_cidr
  # the private names of the endpoints and of the Execution API need both
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.prefix }
}

# A security group that nobody asked for admits nothing.
resource "aws_default_security_group" "main" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.prefix}-default-unused" }
}

resource "aws_subnet" "private" {
  for_each = { for i, zone in local.zones : zone => i }

  vpc_id            = aws_vpc.main.id
  availability_zone = each.key
  cidr_block        = local.private_subnet_cidrs[each.value]

  tags = { Name = "${local.prefix}-private-${each.key}" }
}

resource "aws_subnet" "public" {
  for_each = { for i, zone in local.zones : zone => i }

  vpc_id            = aws_vpc.main.id
  availability_zone = each.key
  cidr_block        = local.public_subnet_cidrs[each.value]

  tags = { Name = "${local.prefix}-public-${each.key}" }
}

# Routes are resources of their own: a team may add one to its other networks without a change to this root.
resource "aws_route_table" "private" {
  for_each = aws_subnet.private

  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.prefix}-private-${each.key}" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = { Name = local.prefix }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.prefix}-public" }
}

resource "aws_route" "public_internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}
