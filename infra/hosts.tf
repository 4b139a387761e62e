# The machines of the control plane: an Auto Scaling group that replaces a host which fails. A new host
# starts the deployed release by itself (user_data.sh.tftpl, host/).
#
# A newer AMI. The launch template names the public parameter of Amazon Linux 2023 and no AMI, so a plan
# stays empty when AWS publishes one. EC2 looks the parameter up whenever it starts a host: a host that is
# replaced has the newest AMI. Hosts that run get it when you say so, one after the other:
#   aws autoscaling start-instance-refresh --auto-scaling-group-name NAME-ENVIRONMENT-hosts \
#     --preferences MinHealthyPercentage=0      (0 for one host, 50 for several)
# With host_image an AMI is pinned; its change is then a change of this template.

locals {
  host_parameter = "al2023-ami-kernel-default-${var.architecture == "ARM64" ? "arm64" : "x86_64"}"
  host_image     = coalesce(var.host_image, "resolve:ssm:/aws/service/ami-amazon-linux-latest/${local.host_parameter}")
  # the provider's default tags do not reach what EC2 makes from a template
  host_tags = merge(var.tags, { Deployment = local.prefix, ManagedBy = "terraform", Name = local.host_name })
  # those that there are (execution_api.tf, ui.tf)
  host_target_groups = concat(
    aws_lb_target_group.internal_ui[*].arn,
    aws_lb_target_group.internal_execution[*].arn,
    aws_lb_target_group.public_ui[*].arn,
  )
}

resource "aws_launch_template" "host" {
  #checkov:skip=CKV_AWS_341:the containers are one hop behind the host, and they use its role

  name                   = "${local.prefix}-host"
  description            = "A host of the Airflow control plane"
  image_id               = local.host_image
  instance_type          = var.host_instance_type
  ebs_optimized          = true
  update_default_version = true
  user_data = base64encode(templatefile("${path.module}/user_data.sh.tftpl", {
    deploy_bucket = aws_s3_bucket.this["deploy"].bucket
    region        = var.region
  }))

  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }

  network_interfaces {
    associate_public_ip_address = false
    delete_on_termination       = true
    security_groups             = [aws_security_group.hosts.id]
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.host_disk_gb
      delete_on_termination = true
      # AWS's key for EBS: with a key of the account the group could not start a host until the
      # service-linked role of Auto Scaling has a grant on it
      encrypted = true
    }
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = local.host_tags
    }
  }
}

resource "aws_autoscaling_group" "hosts" {
  name                = "${local.prefix}-hosts"
  min_size            = var.host_count
  max_size            = var.host_count
  desired_capacity    = var.host_count
  vpc_zone_identifier = [for zone in local.zones : aws_subnet.private[zone].id]
  target_group_arns   = local.host_target_groups
  # one host is asked by nobody but EC2: an Airflow that is down is an alarm, no reason for a new machine
  health_check_type         = var.host_count > 1 ? "ELB" : "EC2"
  health_check_grace_period = 600
  termination_policies      = ["OldestLaunchTemplate", "OldestInstance"]
  # balancing zones would start a second host beside a single one, and end one that works
  suspended_processes = ["AZRebalance"]
  enabled_metrics     = ["GroupDesiredCapacity", "GroupInServiceInstances"]

  launch_template {
    id      = aws_launch_template.host.id
    version = aws_launch_template.host.latest_version
  }

  # A changed launch template replaces the hosts, one after the other. A single one is ended first: two
  # control planes of different releases must not live at once. Tasks on Fargate run on meanwhile.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = var.host_count > 1 ? 50 : 0
      max_healthy_percentage = 100
      # seconds from a host's start to its release's, before the next host is ended
      instance_warmup = 300
    }
  }

  dynamic "tag" {
    for_each = local.host_tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # what the first boot needs: the way to S3, its files there, and the right to read them (repositories
  # are buckets as well)
  depends_on = [
    aws_iam_role_policy.host,
    aws_iam_role_policy.host_data,
    aws_s3_object.host_settings,
    aws_s3_object.host_system,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
  ]
}
