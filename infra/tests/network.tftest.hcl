# The network's variants, and each of its validations violated once. No call leaves the machine: the provider is a mock.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  environment    = "test"
  region         = "ap-northeast-2"
  domain_name    = "airflow.example.com"
  gitlab_project = "group/project"
}

# --- variants

run "closed_by_default" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.main) == 0 && length(aws_route.private_nat) == 0 && length(aws_vpc_security_group_egress_rule.internet) == 0
    error_message = "a closed network has a way to the internet"
  }
  assert {
    condition     = keys(aws_subnet.private) == ["ap-northeast-2a", "ap-northeast-2b"] && keys(aws_subnet.public) == keys(aws_subnet.private)
    error_message = "two zones are the default"
  }
  assert {
    condition     = [for s in aws_subnet.private : s.cidr_block] == ["10.40.0.0/18", "10.40.64.0/18"] && [for s in aws_subnet.public : s.cidr_block] == ["10.40.192.0/20", "10.40.208.0/20"]
    error_message = "subnets have other addresses: with an applied root they would be replaced"
  }
  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["ec2messages", "ecr.api", "ecr.dkr", "ecs", "logs", "monitoring", "rds", "secretsmanager", "ssm", "ssmmessages", "sts"]
    error_message = "an interface endpoint is missing"
  }
  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.interface : e.private_dns_enabled])
    error_message = "without private names SDKs do not find the endpoints"
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.between) == ["hosts_to_database", "hosts_to_endpoints", "hosts_to_hosts", "workers_to_endpoints", "workers_to_hosts"]
    error_message = "another set of connections is open"
  }
  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.between) == keys(aws_vpc_security_group_egress_rule.between)
    error_message = "a connection is open on one side only"
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.s3) == ["hosts", "workers"]
    error_message = "S3 is reached by hosts and workers"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.ui) == 0 && length(aws_vpc_security_group_ingress_rule.ssh) == 0 && length(aws_lb.public) == 0
    error_message = "something is open to the outside"
  }
  assert {
    condition     = length(aws_sfn_state_machine.execution_api_record) == 1 && length(aws_cloudwatch_event_target.execution_api_record) == 2 && length(aws_lb.internal) == 0 && length(aws_route53_record.execution_api) == 0
    error_message = "the name of one host is kept by the state machine"
  }
  assert {
    condition     = local.host_settings["EXECUTION_NETWORKS"] == "10.40.0.0/16,172.16.0.0/12"
    error_message = "nginx would refuse workers, or the tasks of a host's own containers"
  }
  assert {
    condition     = local.host_settings["TRUSTED_PROXIES"] == ""
    error_message = "without a load balancer nobody speaks for others"
  }
}

run "one_nat_gateway" {
  command = plan

  variables {
    nat_mode            = "single"
    interface_endpoints = ["ecr.api", "ecr.dkr"]
  }
  assert {
    condition     = keys(aws_nat_gateway.main) == ["ap-northeast-2a"] && keys(aws_route.private_nat) == ["ap-northeast-2a", "ap-northeast-2b"]
    error_message = "one NAT gateway serves each zone"
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.internet) == ["hosts", "workers"]
    error_message = "nobody may use the NAT gateway"
  }
  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["ecr.api", "ecr.dkr"]
    error_message = "endpoints are those of the list"
  }
}

run "nat_gateway_in_each_of_three_zones" {
  command = plan

  variables {
    nat_mode   = "per_az"
    zone_count = 3
  }
  assert {
    condition     = keys(aws_nat_gateway.main) == keys(aws_subnet.public) && length(aws_nat_gateway.main) == 3
    error_message = "each zone has a NAT gateway of its own"
  }
  assert {
    condition     = [for s in aws_subnet.private : s.cidr_block] == ["10.40.0.0/18", "10.40.64.0/18", "10.40.128.0/18"]
    error_message = "a third zone moved the others' addresses"
  }
}

run "two_hosts" {
  command = plan

  variables {
    host_count      = 2
    certificate_arn = "arn:aws:acm:ap-northeast-2:123456789012:certificate/1"
  }
  assert {
    condition     = length(aws_lb.internal) == 1 && aws_lb.internal[0].internal && length(aws_route53_record.execution_api) == 1 && length(aws_sfn_state_machine.execution_api_record) == 0
    error_message = "the name of several hosts is the load balancer's"
  }
  assert {
    condition     = aws_lb_target_group.internal_ui[0].health_check[0].path == "/api/v2/version" && aws_lb_target_group.internal_execution[0].health_check[0].path == "/execution/health"
    error_message = "UI and Execution API are asked for their own health"
  }
  assert {
    condition     = setsubtract(keys(aws_vpc_security_group_egress_rule.between), ["hosts_to_database", "hosts_to_endpoints", "hosts_to_hosts", "workers_to_endpoints", "workers_to_hosts"]) == toset(["hosts_to_internal_lb", "internal_lb_to_hosts", "workers_to_internal_lb"])
    error_message = "the load balancer adds three connections"
  }
  assert {
    condition     = local.host_settings["TRUSTED_PROXIES"] == join(",", [for s in aws_subnet.private : s.cidr_block])
    error_message = "nginx would take the load balancer for the sender of all that comes"
  }
}

run "internal_ui_of_one_host" {
  command = plan

  variables {
    ui_access   = "internal"
    ui_networks = ["10.0.0.0/16", "192.168.7.0/24"]
    ssh_from    = "10.0.3.7/32"
  }
  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.ui) == ["10.0.0.0/16", "192.168.7.0/24"] && alltrue([for r in aws_vpc_security_group_ingress_rule.ui : r.from_port == 443 && r.to_port == 443])
    error_message = "the given networks reach HTTPS"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.ssh[0].cidr_ipv4 == "10.0.3.7/32"
    error_message = "the CI runner reaches SSH"
  }
  assert {
    condition     = length(aws_lb.public) == 0 && length(aws_lb.internal) == 0
    error_message = "one host needs no load balancer for that"
  }
}

run "public_ui" {
  command = plan

  variables {
    ui_access       = "public"
    ui_networks     = ["0.0.0.0/0"]
    certificate_arn = "arn:aws:acm:ap-northeast-2:123456789012:certificate/1"
  }
  assert {
    condition     = !aws_lb.public[0].internal && aws_lb_listener.public[0].protocol == "HTTPS" && aws_lb_target_group.public_ui[0].health_check[0].path == "/api/v2/version"
    error_message = "the UI has an internet-facing load balancer with TLS"
  }
  assert {
    condition     = contains(flatten([for c in aws_lb_listener_rule.public_no_execution_api[0].condition : [for p in c.path_pattern : p.values]]), "/execution/*") && aws_lb_listener_rule.public_no_execution_api[0].action[0].type == "fixed-response"
    error_message = "the Execution API is not for the internet"
  }
  assert {
    condition     = contains(keys(aws_vpc_security_group_egress_rule.between), "public_lb_to_hosts")
    error_message = "the load balancer does not reach the hosts"
  }
  assert {
    condition     = local.host_settings["TRUSTED_PROXIES"] == join(",", [for s in aws_subnet.public : s.cidr_block])
    error_message = "nginx would take the load balancer for the sender of all that comes"
  }
}

run "public_ui_of_two_hosts" {
  command = plan

  variables {
    host_count      = 2
    ui_access       = "public"
    ui_networks     = ["203.0.113.0/24"]
    certificate_arn = "arn:aws:acm:ap-northeast-2:123456789012:certificate/1"
  }
  assert {
    condition     = local.host_settings["TRUSTED_PROXIES"] == join(",", concat([for s in aws_subnet.private : s.cidr_block], [for s in aws_subnet.public : s.cidr_block]))
    error_message = "there are two load balancers, in subnets of their own"
  }
}

run "given_subnets" {
  command = plan

  variables {
    vpc_cidr             = "10.9.0.0/20"
    private_subnet_cidrs = ["10.9.0.0/21", "10.9.8.0/22"]
    public_subnet_cidrs  = ["10.9.12.0/27", "10.9.12.32/27"]
  }
  assert {
    condition     = [for s in aws_subnet.private : s.cidr_block] == ["10.9.0.0/21", "10.9.8.0/22"] && [for s in aws_subnet.public : s.cidr_block] == ["10.9.12.0/27", "10.9.12.32/27"]
    error_message = "subnets have other addresses than those given"
  }
  assert {
    condition     = local.host_settings["EXECUTION_NETWORKS"] == "10.9.0.0/20,172.16.0.0/12"
    error_message = "nginx would refuse workers, or the tasks of a host's own containers"
  }
}

# --- refused: vpc_cidr, zone_count

run "vpc_cidr_with_host_bits" {
  command = plan
  variables { vpc_cidr = "10.40.0.1/16" }
  expect_failures = [var.vpc_cidr]
}

run "vpc_cidr_too_large" {
  command = plan
  variables { vpc_cidr = "10.0.0.0/15" }
  expect_failures = [var.vpc_cidr]
}

run "vpc_cidr_public" {
  command = plan
  variables { vpc_cidr = "54.0.0.0/16" }
  expect_failures = [var.vpc_cidr]
}

run "vpc_cidr_of_docker" {
  command = plan
  variables { vpc_cidr = "172.17.0.0/16" }
  expect_failures = [var.vpc_cidr]
}

run "one_zone" {
  command = plan
  variables { zone_count = 1 }
  expect_failures = [var.zone_count]
}

# --- refused: subnets

run "only_private_subnets_given" {
  command = plan
  variables { private_subnet_cidrs = ["10.40.0.0/18", "10.40.64.0/18"] }
  expect_failures = [var.private_subnet_cidrs]
}

run "private_subnets_for_another_number_of_zones" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18"]
    public_subnet_cidrs  = ["10.40.192.0/20", "10.40.208.0/20"]
  }
  expect_failures = [var.private_subnet_cidrs]
}

run "private_subnet_with_host_bits" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18", "10.40.64.1/18"]
    public_subnet_cidrs  = ["10.40.192.0/20", "10.40.208.0/20"]
  }
  expect_failures = [var.private_subnet_cidrs]
}

run "private_subnet_outside_of_the_vpc" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18", "10.41.64.0/18"]
    public_subnet_cidrs  = ["10.40.192.0/20", "10.40.208.0/20"]
  }
  expect_failures = [var.private_subnet_cidrs]
}

run "private_subnets_overlap" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/17", "10.40.64.0/18"]
    public_subnet_cidrs  = ["10.40.192.0/20", "10.40.208.0/20"]
  }
  expect_failures = [var.private_subnet_cidrs]
}

run "public_and_private_subnet_overlap" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18", "10.40.64.0/18"]
    public_subnet_cidrs  = ["10.40.32.0/20", "10.40.208.0/20"]
  }
  expect_failures = [var.private_subnet_cidrs]
}

run "the_same_subnet_twice" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18", "10.40.0.0/18"]
    public_subnet_cidrs  = ["10.40.192.0/20", "10.40.208.0/20"]
  }
  expect_failures = [var.private_subnet_cidrs]
}

run "public_subnets_for_another_number_of_zones" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18", "10.40.64.0/18"]
    public_subnet_cidrs  = ["10.40.192.0/20", "10.40.208.0/20", "10.40.224.0/20"]
  }
  expect_failures = [var.public_subnet_cidrs]
}

run "public_subnet_too_small" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18", "10.40.64.0/18"]
    public_subnet_cidrs  = ["10.40.192.0/28", "10.40.208.0/20"]
  }
  expect_failures = [var.public_subnet_cidrs]
}

run "public_subnet_outside_of_the_vpc" {
  command = plan
  variables {
    private_subnet_cidrs = ["10.40.0.0/18", "10.40.64.0/18"]
    public_subnet_cidrs  = ["10.40.192.0/20", "10.50.208.0/20"]
  }
  expect_failures = [var.public_subnet_cidrs]
}

run "vpc_too_small_to_be_divided" {
  command = plan
  variables { vpc_cidr = "10.40.0.0/24" }
  expect_failures = [var.public_subnet_cidrs]
}

# --- refused: number of tasks

run "no_tasks" {
  command = plan
  variables { task_parallelism = 0 }
  expect_failures = [var.task_parallelism]
}

run "more_tasks_than_addresses" {
  command = plan
  variables { task_parallelism = 27000 }
  expect_failures = [var.task_parallelism]
}

run "fewer_addresses_than_tasks" {
  command = plan
  variables { vpc_cidr = "10.40.0.0/21" }
  expect_failures = [var.task_parallelism]
}

run "fewer_tasks_than_airflow_starts" {
  command = plan
  variables { task_parallelism = 999 }
  expect_failures = [var.task_parallelism]
}

# --- refused: NAT and endpoints

run "unknown_nat_mode" {
  command = plan
  variables { nat_mode = "one" }
  expect_failures = [var.nat_mode]
}

run "endpoint_by_its_full_name" {
  command = plan
  variables {
    nat_mode            = "single"
    interface_endpoints = ["com.amazonaws.ap-northeast-2.logs"]
  }
  expect_failures = [var.interface_endpoints]
}

run "s3_as_interface_endpoint" {
  command = plan
  variables {
    nat_mode            = "single"
    interface_endpoints = ["ecr.api", "s3"]
  }
  expect_failures = [var.interface_endpoints]
}

run "closed_without_ecs" {
  command = plan
  variables { interface_endpoints = ["ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sts", "rds", "ssm", "ssmmessages", "ec2messages"] }
  expect_failures = [var.interface_endpoints]
}

# --- refused: access

run "unknown_ui_access" {
  command = plan
  variables { ui_access = "vpn" }
  expect_failures = [var.ui_access]
}

run "ui_network_with_host_bits" {
  command = plan
  variables {
    ui_access   = "internal"
    ui_networks = ["10.0.0.7/16"]
  }
  expect_failures = [var.ui_networks]
}

run "internal_without_networks" {
  command = plan
  variables { ui_access = "internal" }
  expect_failures = [var.ui_networks]
}

run "internal_for_everyone" {
  command = plan
  variables {
    ui_access   = "internal"
    ui_networks = ["0.0.0.0/0"]
  }
  expect_failures = [var.ui_networks]
}

run "certificate_of_another_region" {
  command = plan
  variables { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" }
  expect_failures = [var.certificate_arn]
}

run "public_without_certificate" {
  command = plan
  variables {
    ui_access   = "public"
    ui_networks = ["203.0.113.0/24"]
  }
  expect_failures = [var.certificate_arn]
}

run "two_hosts_without_certificate" {
  command = plan
  variables { host_count = 2 }
  expect_failures = [var.certificate_arn]
}

run "ssh_from_a_network" {
  command = plan
  variables { ssh_from = "10.0.3.0/24" }
  expect_failures = [var.ssh_from]
}
