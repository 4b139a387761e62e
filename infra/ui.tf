# How people reach the UI. session-manager opens nothing: a port is forwarded through the SSM endpoints.
#
# internal: the networks need a route to the private subnets, and their resolver has to ask the VPC's for domain_name.
# public: domain_name in the public DNS points to the load balancer; within the VPC the private zone wins.

locals {
  public_ui = var.ui_access == "public"
  # the security group that lets people in, where one does
  ui_entrance = {
    session-manager = null
    internal        = local.several_hosts ? one(aws_security_group.internal_lb[*].id) : aws_security_group.hosts.id
    public          = one(aws_security_group.public_lb[*].id)
  }[var.ui_access]
}

resource "aws_vpc_security_group_ingress_rule" "ui" {
  for_each = var.ui_access == "session-manager" ? [] : toset(var.ui_networks)

  security_group_id = local.ui_entrance
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "UI from ui_networks"
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count = var.ssh_from == null ? 0 : 1

  security_group_id = aws_security_group.hosts.id
  cidr_ipv4         = var.ssh_from
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  description       = "SSH from the CI runner"
}

resource "aws_lb" "public" {
  #checkov:skip=CKV_AWS_91:nginx on the hosts logs each request with its sender; a bucket for load balancer logs cannot have the customer key
  #checkov:skip=CKV_AWS_150:it holds nothing; protected, it would keep its variable from being set back
  #checkov:skip=CKV2_AWS_28:ui_networks says who may connect; a team that opens it to everyone adds a web ACL with its own rules
  count = local.public_ui ? 1 : 0

  name                       = "${local.prefix}-public"
  internal                   = false
  subnets                    = [for subnet in aws_subnet.public : subnet.id]
  security_groups            = [aws_security_group.public_lb[0].id]
  idle_timeout               = local.lb_idle_seconds
  drop_invalid_header_fields = true

  depends_on = [aws_route.public_internet]
}

resource "aws_lb_listener" "public" {
  count = local.public_ui ? 1 : 0

  load_balancer_arn = aws_lb.public[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = local.lb_tls_policy
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.public_ui[0].arn
  }
}

# Workers never come this way. What keeps others out is the task's token; this keeps them from trying.
resource "aws_lb_listener_rule" "public_no_execution_api" {
  count = local.public_ui ? 1 : 0

  listener_arn = aws_lb_listener.public[0].arn
  priority     = 10

  condition {
    path_pattern {
      values = ["/execution", "/execution/*"]
    }
  }
  action {
    type = "fixed-response"
    fixed_response {
      status_code  = "404"
      content_type = "text/plain"
      message_body = "Not found"
    }
  }
}

resource "aws_lb_target_group" "public_ui" {
  count = local.public_ui ? 1 : 0

  name                 = "${local.prefix}-public-ui"
  vpc_id               = aws_vpc.main.id
  port                 = 443
  protocol             = "HTTPS"
  deregistration_delay = 120

  health_check {
    protocol            = "HTTPS"
    path                = "/api/v2/version"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  # it goes when the hosts' group no longer names it
  lifecycle {
    create_before_destroy = true
  }
}
