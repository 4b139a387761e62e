# The one name of the deployment, within the VPC. Workers call the Execution API by it, so it outlives every host. With
# one host it is that host's address (execution_api_record.tf); with several it is the address of a load balancer
# (execution_api_lb.tf).

locals {
  several_hosts = var.host_count > 1
}

resource "aws_route53_zone" "private" {
  name    = var.domain_name
  comment = "${local.prefix}: the hosts, as seen from the VPC"
  # with one host the record is not Terraform's
  force_destroy = true

  vpc {
    vpc_id = aws_vpc.main.id
  }
}

resource "aws_route53_record" "execution_api" {
  count = local.several_hosts ? 1 : 0

  zone_id = aws_route53_zone.private.zone_id
  name    = var.domain_name
  type    = "A"
  # the record of the time with one host
  allow_overwrite = true

  alias {
    name                   = aws_lb.internal[0].dns_name
    zone_id                = aws_lb.internal[0].zone_id
    evaluate_target_health = false
  }

  # the name moves when the hosts stand behind the load balancer
  depends_on = [aws_autoscaling_group.hosts, aws_lb_listener_rule.execution_api]
}
