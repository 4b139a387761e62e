"""What an account holds, as far as this root makes such things: what a destroy has to leave as it was."""

from typing import Any

from tests.infra.terraform.account import Account

ACCOUNT_ID = "123456789012"
# service: (call, field of the answer, name in an entry; none where entries are names)
LISTED = {
    "acm": [("list_certificates", "CertificateSummaryList", "CertificateArn")],
    "autoscaling": [("describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName")],
    "cloudwatch": [("describe_alarms", "MetricAlarms", "AlarmName")],
    "ec2": [
        ("describe_addresses", "Addresses", "AllocationId"),
        ("describe_flow_logs", "FlowLogs", "FlowLogId"),
        ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
        ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        ("describe_route_tables", "RouteTables", "RouteTableId"),
        ("describe_security_groups", "SecurityGroups", "GroupId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_volumes", "Volumes", "VolumeId"),
        ("describe_vpcs", "Vpcs", "VpcId"),
    ],
    "ecr": [("describe_repositories", "repositories", "repositoryName")],
    "ecs": [("list_task_definitions", "taskDefinitionArns", "")],
    "elbv2": [
        ("describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
        ("describe_target_groups", "TargetGroups", "TargetGroupName"),
    ],
    "events": [("list_rules", "Rules", "Name")],
    "iam": [
        ("list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
        ("list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
        ("list_roles", "Roles", "RoleName"),
    ],
    "kms": [("list_aliases", "Aliases", "AliasName")],
    "logs": [
        ("describe_log_groups", "logGroups", "logGroupName"),
        ("describe_metric_filters", "metricFilters", "filterName"),
        ("describe_resource_policies", "resourcePolicies", "policyName"),
    ],
    "rds": [
        ("describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
        ("describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
        ("describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
        ("describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    ],
    "route53": [("list_hosted_zones", "HostedZones", "Id")],
    "s3": [("list_buckets", "Buckets", "Name")],
    "secretsmanager": [("list_secrets", "SecretList", "Name")],
    "sns": [("list_subscriptions", "Subscriptions", "SubscriptionArn"), ("list_topics", "Topics", "TopicArn")],
    "stepfunctions": [("list_state_machines", "stateMachines", "name")],
}


def inventory(account: Account) -> set[str]:
    """Return a line for each thing in the account."""
    lines = {
        f"{service} {call} {entry[name] if name else entry}"
        for service, calls in LISTED.items()
        for call, field, name in calls
        for entry in account.all(service, call, field)
    }
    return lines | _by_state(account) | _of_others(account)


def _by_state(account: Account) -> set[str]:
    """Return what is still listed for a while after its end, unless it has ended."""
    gateways = account.all("ec2", "describe_nat_gateways", "NatGateways")
    endpoints = account.all("ec2", "describe_vpc_endpoints", "VpcEndpoints")
    reservations = account.all("ec2", "describe_instances", "Reservations")
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    clusters = account.all("ecs", "list_clusters", "clusterArns")
    keys = [_key(account, entry["KeyId"]) for entry in account.all("kms", "list_keys", "Keys")]
    aliases = account.all("kms", "list_aliases", "Aliases")
    # AWS makes such a key when a service first needs it
    of_aws = {alias.get("TargetKeyId") for alias in aliases if alias["AliasName"].startswith("alias/aws/")}
    return {
        *(f"cluster {arn}" for arn in clusters if _cluster(account, arn)["status"] != "INACTIVE"),
        *(f"NAT gateway {gateway['NatGatewayId']}" for gateway in gateways if gateway["State"] != "deleted"),
        *(f"endpoint {one['VpcEndpointId']}" for one in endpoints if one["State"] != "deleted"),
        *(f"instance {one['InstanceId']}" for one in instances if one["State"]["Name"] != "terminated"),
        *(f"key {key['KeyId']}" for key in keys if key["KeyState"] != "PendingDeletion" and key["KeyId"] not in of_aws),
    }


def _cluster(account: Account, arn: str) -> Any:
    return account.client("ecs").describe_clusters(clusters=[arn])["clusters"][0]


def _key(account: Account, key_id: str) -> Any:
    return account.client("kms").describe_key(KeyId=key_id)["KeyMetadata"]


def _of_others(account: Account) -> set[str]:
    budgets = account.all("budgets", "describe_budgets", "Budgets", AccountId=ACCOUNT_ID)
    return {f"budget {budget['BudgetName']}" for budget in budgets}
