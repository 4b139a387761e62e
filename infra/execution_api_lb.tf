# Several hosts: the load balancer that the private name points to. Its settings are those of the public one too (ui.tf).

locals {
  # an answer may take the 120 s that the api-server gives it. nginx on the hosts has to keep idle connections for longer
  # than this, or a load balancer sends into one that closes
  lb_idle_seconds = 130
  # TLS 1.2 and 1.3
  lb_tls_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
}

resource "aws_lb" "internal" {
  #checkov:skip=CKV_AWS_91:nginx on the hosts logs each request with its sender; a bucket for load balancer logs cannot have the customer key
  #checkov:skip=CKV_AWS_150:it holds nothing; protected, it would keep its variable from being set back
  count = local.several_hosts ? 1 : 0

  name                       = "${local.prefix}-internal"
  internal                   = true
  subnets                    = [for subnet in aws_subnet.private : subnet.id]
  security_groups            = [aws_security_group.internal_lb[0].id]
  idle_timeout               = local.lb_idle_seconds
  drop_invalid_header_fields = true
}

resource "aws_lb_listener" "internal" {
  count = local.several_hosts ? 1 : 0

  load_balancer_arn = aws_lb.internal[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = local.lb_tls_policy
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.internal_ui[0].arn
  }
}

# A target group has one health path. The workers' api-servers and the UI's may be well apart from each other.
resource "aws_lb_listener_rule" "execution_api" {
  count = local.several_hosts ? 1 : 0

  listener_arn = aws_lb_listener.internal[0].arn
  priority     = 10

  condition {
    path_pattern {
      values = ["/execution/*"]
    }
  }
  condition {
    source_ip {
      values = [var.vpc_cidr]
    }
  }
  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.internal_execution[0].arn
  }
}

# ui_networks reach this load balancer as well, and have no business with the Execution API.
resource "aws_lb_listener_rule" "internal_no_execution_api" {
  count = local.several_hosts ? 1 : 0

  listener_arn = aws_lb_listener.internal[0].arn
  priority     = 20

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

resource "aws_lb_target_group" "internal_execution" {
  count = local.several_hosts ? 1 : 0

  name                 = "${local.prefix}-exec"
  vpc_id               = aws_vpc.main.id
  port                 = 443
  protocol             = "HTTPS"
  deregistration_delay = 120

  health_check {
    protocol            = "HTTPS"
    path                = "/execution/health"
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

resource "aws_lb_target_group" "internal_ui" {
  count = local.several_hosts ? 1 : 0

  name                 = "${local.prefix}-ui"
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
